"""What was analysed with a run's model and may go to others: files whose writer said that they hold no text of the data."""

from pathlib import Path

from research.runs.portable import json_bytes, numeric_bytes, read_plain, tree_without_paths

ANALYSIS = "analysis"  # the folder of a run's, or a sweep's
HOLDS_TEXT = "holds_text"  # of such a file: whether it holds text of the data


def analysis_contents(folder: Path) -> dict[str, bytes]:
    """analysis/<name>.json and its arrays, of a run's folder or a sweep's, where the file says that it holds no text."""
    contents: dict[str, bytes] = {}
    for path in sorted((Path(folder) / ANALYSIS).glob("*.json")):
        record = read_plain(path)
        if record.get(HOLDS_TEXT) is not False:
            continue
        arrays = path.with_suffix(".npz")
        contents |= {f"{ANALYSIS}/{path.name}": json_bytes(tree_without_paths(record))}
        contents |= {f"{ANALYSIS}/{arrays.name}": numeric_bytes(arrays)} if arrays.is_file() else {}
    return contents


def has_other_analyses(folder: Path) -> bool:
    """Whether something was analysed that may not go."""
    return any(read_plain(path).get(HOLDS_TEXT) is not False for path in (Path(folder) / ANALYSIS).glob("*.json"))
