"""checksums.json of a run: the sha256 of each file that its scores stand on, written when it is done and compared by whoever doubts it."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from research.config.errors import StepladderError
from research.config.plain import table
from research.runs.json_files import read_json, stamp, write_json

CHECKSUMS = "checksums.json"
RECORDED = (  # files of a seed's folder that have a checksum where they are; status.json is written behind it
    *("env.json", "metrics.jsonl", "result.json", "tokens.npz"),
    *("test.json", "items.npz", "test_tokens.npz", "prompts.npz", "texts.jsonl", "attention.npz"),
)


def sha256_hex(content: bytes) -> str:
    """The checksum of bytes, in hexadecimal digits."""
    return sha256(content).hexdigest()


def checksum_table(contents: Mapping[str, bytes]) -> dict[str, object]:
    """What checksums.json holds of a run's files, by name."""
    return stamp({"files": {name: sha256_hex(contents[name]) for name in sorted(contents)}})


def write_checksums(folder: Path) -> None:
    """checksums.json of a seed's folder whose run is over but for its status."""
    contents = {name: (Path(folder) / name).read_bytes() for name in RECORDED if (Path(folder) / name).is_file()}
    write_json(Path(folder) / CHECKSUMS, checksum_table(contents))


def read_checksums(folder: Path) -> dict[str, str]:
    """The checksum of each file by name; none of a run that was made before there were any."""
    value = read_json(Path(folder) / CHECKSUMS)
    return {name: str(digest) for name, digest in table(table(value).get("files")).items()}


def changed_files(checksums: Mapping[str, str], contents: Mapping[str, bytes]) -> tuple[str, ...]:
    """The files that are not what their checksums say, or are not there. `contents`: by name, as they are now."""
    return tuple(name for name, digest in checksums.items() if name not in contents or sha256_hex(contents[name]) != digest)


def verify_record(folder: Path) -> None:
    """Raises StepladderError where a file of a seed's folder is not the one that its run wrote, and names it."""
    checksums = read_checksums(folder)
    contents = {name: path.read_bytes() for name in checksums if (path := Path(folder) / name).is_file()}
    if changed := changed_files(checksums, contents):
        raise StepladderError(f"{_paths(folder, changed)} changed since the run wrote it: its checksum is another. {_ADVICE}")


_ADVICE = "Bring the file back from a copy, or do the run again with --rerun CELL_ID."


def _paths(folder: Path, names: Iterable[str]) -> str:
    return ", ".join(str(Path(folder) / name) for name in names)
