"""Folders of texts: `pos/1.txt`, a folder for each class; or `train/pos/1.txt`, a folder of those for each split."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from research.config.errors import StepladderError
from research.config.unicode import Encoding, normalise_unicode
from research.data.formats.rows import Row, check_columns
from research.data.formats.text_lines import decoded_lines

COLUMNS = ("text", "label")
SPLIT = "split"


class _File(NamedTuple):
    split: str  # "" where the folder holds one split
    label: str
    path: Path


def read_class_folders(path: Path, place: str, columns: Sequence[str], encoding: Encoding) -> Iterator[Row]:
    """A row a file, in the order of the names: its text, the name of its folder, and that of the folder above where it is a split's.

    Files beside the folders of classes are not read, nor is what begins with a dot. Raises StepladderError for a folder without classes.
    """
    files = _files(path, place)
    check_columns(columns, [*COLUMNS, SPLIT] if files and files[0].split else COLUMNS, place)
    for file in files:
        name = f"{place}/{file.path.relative_to(path)}"
        text = "".join(decoded_lines(file.path, name, encoding)) if "text" in columns else ""
        cells = {"text": text, "label": file.label, SPLIT: file.split}
        yield Row(name, {column: cells[column] for column in columns})


def class_folder_parts(path: Path) -> list[Path]:
    """The files that are read."""
    return [file.path for file in _files(path, str(path))]


def _files(path: Path, place: str) -> list[_File]:
    folders = _folders(path)
    if not folders:
        raise StepladderError(
            f"{place} is a folder without classes: it is to hold a folder for each class, as {place}/pos/1.txt, or be one that "
            "`datasets` wrote with save_to_disk."
        )
    has_splits = all(_folders(folder) for folder in folders)
    classes = (
        [(split.name, folder) for split in folders for folder in _folders(split)] if has_splits else [("", folder) for folder in folders]
    )
    return [_File(split, normalise_unicode(folder.name), file) for split, folder in classes for file in _texts(folder, place)]


def _texts(folder: Path, place: str) -> list[Path]:
    inner = _folders(folder)
    if inner:
        raise StepladderError(
            f"{place}: the folder of the class {folder.name} holds the folder {inner[0].name}, and is to hold files alone."
        )
    return [file for file in _visible(folder) if file.is_file()]


def _folders(path: Path) -> list[Path]:
    return [entry for entry in _visible(path) if entry.is_dir()]


def _visible(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
