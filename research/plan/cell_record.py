"""What a cell's folder keeps of its data: their digest, that of each file of the user's, and the vocabulary. Opening a cell compares it."""

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from research.classic.lexicon import BUILT_IN
from research.config.cell_identity import file_paths
from research.config.cell_inputs import LEXICON, VECTORS, input_cell_id, inputs_digest
from research.config.code_version import CODE_VERSION
from research.config.errors import StepladderError
from research.config.loader import read_config
from research.config.node import Node
from research.config.plugins import KEPT, LOADED
from research.config.schema import Config
from research.config.unicode import decode_path
from research.data.dataset import Dataset
from research.data.file_checksums import remembered_checksum
from research.data.formats.tables import table_digest
from research.data.loading import load_dataset
from research.runs import store
from research.text.vocabulary_serialisation import vocabulary_to_plain

FILES = "files"  # of cell.json: dotted key -> checksum of the file that it names


class OpenCell(NamedTuple):
    """A cell that was launched: its config, its data as they are now, and what a reader is to know. The data are those it was made of."""

    config: Config
    data: Dataset
    notes: tuple[str, ...]


def file_checksums(config: Config, data_dir: Path | None) -> dict[str, str]:
    """The checksum of each file of the user's that a config names, by its dotted key; a file that is not there is left out."""
    named = {key: path for key, path in _paths(config, "") if (key, path) != (LEXICON, BUILT_IN)}
    if config.init and config.init.embeddings is not None:
        named[VECTORS] = config.init.embeddings
    files = {key: _find_file(path, data_dir) for key, path in named.items()}
    return {key: _checksum_of(file) for key, file in files.items() if file}


def write_record(folder: Path, config: Config, data: Dataset, data_dir: Path | None) -> None:
    """cell.json, vocabulary.json and the plugins of a cell's folder; what is there already stays where it says the same."""
    files = file_checksums(config, data_dir)
    record = store.stamp({"data": data.digest, FILES: files} | _plugins_of(config), inputs_digest(data.digest, files))
    if store.read_json(folder / "cell.json") != record or store.read_json(folder / "vocabulary.json") is None:
        _write_plugins(folder / KEPT, config)
        store.write_json(folder / "vocabulary.json", store.stamp(vocabulary_to_plain(data.vocabulary), data.digest))
        store.write_json(folder / "cell.json", record)


def _plugins_of(config: Config) -> dict[str, Any]:
    """For a record: the plugins by file and tree, where there are any."""
    return {"plugins": [plugin.model_dump() for plugin in config.plugins]} if config.plugins else {}


def _write_plugins(folder: Path, config: Config) -> None:
    """What the plugins of a cell say, and what they import from their folders, so that its runs can be opened without those."""
    for plugin in config.plugins:
        for name, text in LOADED[plugin.file].source.texts.items():
            store.write_text(folder / name, text)


def open_cell(folder: Path, data_dir: Path | None) -> OpenCell:
    """The cell of a folder, with its data. Raises StepladderError where the data, or the config, are not those that made it."""
    config, record = read_config(folder / "config.toml"), store.read_json(folder / "cell.json")
    if record is None:
        note = f"{folder.name} was made before runs kept the digest of their data, so whether these are the same was not checked."
        return OpenCell(config, load_dataset(config.data, data_dir), (note,))
    data = load_dataset(config.data, data_dir)
    _check_files(folder, record, file_checksums(config, data_dir))
    if data.digest != record["data"]:
        raise StepladderError(
            f"{folder.name} was trained on other data: their digest was {record['data'][:12]} and is {data.digest[:12]} now "
            f"({_changes(record, file_checksums(config, data_dir))}). Its parameters mean nothing there: bring the old data back, "
            "or train again."
        )
    return OpenCell(config, data, code_version_notes(folder, config, record))


def code_version_notes(folder: Path, config: Config, record: dict[str, Any]) -> tuple[str, ...]:
    """What is to be known of the code that made a cell. Raises StepladderError where its config.toml was edited."""
    if record["code_version"] != CODE_VERSION:
        return (
            f"{folder.name} was made by version {record['code_version']} of the code, and this is {CODE_VERSION}: its parameters are read "
            "as they are, and its numbers stand in no table beside new ones.",
        )
    current_id = input_cell_id(config, record["data"], record[FILES])
    if current_id != folder.name:
        raise StepladderError(
            f"{folder / 'config.toml'} and its data make the cell {current_id}, not {folder.name}: the file was edited, or the folder "
            f"renamed. Train the changed config as a cell of its own, and undo the change here."
        )
    return ()


def _changes(record: dict[str, Any], files: dict[str, str]) -> str:
    """Which of the user's files differ, in words."""
    changes = [
        f"{key}: sha256 {digest[:12]} then, {files[key][:12] if key in files else 'no file'} now"
        for key, digest in record[FILES].items()
        if files.get(key) != digest
    ]
    return "; ".join(changes) or "the reader of the data, or the library that learns its pieces, has changed"


def _check_files(folder: Path, record: dict[str, Any], files: dict[str, str]) -> None:
    """A lexicon is a part of the model; prompts and word vectors have done their work."""
    recorded, current = record[FILES].get(LEXICON), files.get(LEXICON)
    if recorded != current:
        raise StepladderError(f"{folder.name} was made with another lexicon ({_changes(record, files)}). Bring the old file back.")


def _paths(node: Node, prefix: str) -> list[tuple[str, str]]:
    own_paths = [(f"{prefix}{key}", path) for key, path in file_paths(node).items()]
    children = [(name, getattr(node, name)) for name in type(node).model_fields]
    return own_paths + [pair for name, value in children if isinstance(value, Node) for pair in _paths(value, f"{prefix}{name}.")]


def _find_file(path: str, data_dir: Path | None) -> Path | None:
    candidates = [decode_path(path), *([data_dir / decode_path(path)] if data_dir else [])]
    return next((candidate for candidate in candidates if candidate.exists()), None)


def _checksum_of(path: Path) -> str:
    """Of a file, or of a folder of texts or of a data set."""
    return table_digest(path, str(path)) if path.is_dir() else _checksum(path, path.stat().st_mtime_ns, path.stat().st_size)


@lru_cache(maxsize=256)
def _checksum(file: Path, modified: int, size: int) -> str:
    """Of a file as it was at its last change."""
    return remembered_checksum(file)
