"""Tables in Apache Arrow's form: Parquet files, and data sets that `datasets` wrote with save_to_disk. pyarrow reads both."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from research.config.errors import StepladderError
from research.config.unicode import Encoding
from research.data.formats.compression import COMPRESSIONS, read_content
from research.data.formats.extra import import_extra
from research.data.formats.rows import Cell, Row, check_columns

if TYPE_CHECKING:
    import pyarrow as pa

SPLIT = "split"  # the column that tells a row's split where a folder holds several
STATE, SPLITS_FILE, INFO = "state.json", "dataset_dict.json", "dataset_info.json"  # what save_to_disk writes
Feature: TypeAlias = dict[str, Any]  # the type of a column, as dataset_info.json has it


def read_parquet(path: Path, place: str, columns: Sequence[str], encoding: Encoding) -> Iterator[Row]:
    """The rows of a Parquet file; a place is the number of a record. A class's number becomes its name where `datasets` wrote the file.

    Raises StepladderError for a file that is none.
    """
    parquet = import_extra("pyarrow.parquet", "a Parquet file", place)
    arrow = import_extra("pyarrow", "a Parquet file", place)
    packed = path.suffix.lower() in COMPRESSIONS
    number = 0
    try:
        with parquet.ParquetFile(arrow.BufferReader(read_content(path, place)) if packed else path) as file:
            check_columns(columns, file.schema_arrow.names, place)
            classes = _classes_by_column(_features(file.schema_arrow), columns)
            for batch in file.iter_batches(columns=list(columns)):
                yield from _batch_rows(batch, columns, place, number, classes)
                number += batch.num_rows
    except (arrow.ArrowException, OSError) as error:
        raise StepladderError(f"{place} cannot be read as Parquet: {error}. Bring a whole copy.") from error


def read_saved_dataset(path: Path, place: str, columns: Sequence[str], encoding: Encoding) -> Iterator[Row]:
    """The rows of a Dataset, or of every split of a DatasetDict, whose column `split` names it. A class's number becomes its name."""
    for name in _split_names(path, place):
        folder = path / name if name else path
        own = [column for column in columns if not (name and column == SPLIT)]
        for row in _dataset_rows(folder, f"{place}/{name}" if name else place, own, [SPLIT] if name else []):
            yield Row(row.place, row.cells | {SPLIT: name}) if len(own) < len(columns) else row


def is_saved_dataset(path: Path) -> bool:
    """Whether save_to_disk wrote a folder."""
    return any((path / name).is_file() for name in (STATE, SPLITS_FILE))


def saved_dataset_parts(path: Path) -> list[Path]:
    """The files that hold the rows and their types, in the order of their names."""
    return sorted([*path.rglob("*.arrow"), *path.rglob(INFO), *path.rglob(SPLITS_FILE)])


def _split_names(path: Path, place: str) -> list[str]:
    """Of a DatasetDict; a Dataset is one part without a name."""
    return _read_json(path / SPLITS_FILE, place).get("splits", []) if (path / SPLITS_FILE).is_file() else [""]


def _dataset_rows(folder: Path, place: str, columns: Sequence[str], more: Sequence[str]) -> Iterator[Row]:
    arrow = import_extra("pyarrow", "a data set of `datasets`", place)
    features, state = _read_json(folder / INFO, place).get("features") or {}, _read_json(folder / STATE, place)
    if state.get("_indices_data_files"):
        raise StepladderError(f"{place} was saved with its rows selected, not written: load it, and save `flatten_indices()` of it.")
    number = 0
    try:
        for data_file in state["_data_files"]:
            with arrow.memory_map(str(folder / data_file["filename"])) as mapped, arrow.ipc.open_stream(mapped) as stream:
                check_columns(columns, [*stream.schema.names, *more], place)
                classes = _classes_by_column(features, columns)
                for batch in stream:
                    yield from _batch_rows(batch.select(list(columns)), columns, place, number, classes)
                    number += batch.num_rows
    except (arrow.ArrowException, OSError, KeyError) as error:
        raise StepladderError(f"{place} is no whole data set of `datasets`: {error}. Save it again with save_to_disk.") from error


def _batch_rows(batch: "pa.RecordBatch", columns: Sequence[str], place: str, before: int, classes: dict[str, list[str]]) -> Iterator[Row]:
    """The rows of a batch, `before` of which stand in the table before it."""
    cells = {column: batch.column(column).to_pylist() for column in columns}
    for column, names in classes.items():
        cells[column] = [_class_names(value, names) for value in cells[column]]
    for index in range(batch.num_rows):
        yield Row(f"{place}, record {before + index + 1}", {column: cells[column][index] for column in columns})


def _class_names(value: Cell, names: list[str]) -> Cell:
    """The names of the numbers of classes; None for a number without one: -1 stands for no class."""
    if isinstance(value, list):
        return [names[item] if isinstance(item, int) and 0 <= item < len(names) else None for item in value]
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else None


def _features(schema: "pa.Schema") -> dict[str, Feature]:
    """The types of the columns as `datasets` writes them into a Parquet file; none where another program wrote it."""
    note = (schema.metadata or {}).get(b"huggingface")
    return (json.loads(note).get("info", {}).get("features") or {}) if note else {}


def _classes_by_column(features: dict[str, Feature], columns: Sequence[str]) -> dict[str, list[str]]:
    return {column: names for column in columns if (names := _classes(features.get(column, {})))}


def _classes(feature: Feature | list[Feature]) -> list[str]:
    """The names of the classes that a column, or the lists in it, have numbers of; none of another column."""
    inner = feature[0] if isinstance(feature, list) else feature.get("feature")
    names = feature.get("names") if isinstance(feature, dict) else None
    return names or (_classes(inner) if inner else [])


def _read_json(path: Path, place: str) -> dict[str, Any]:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StepladderError(f"{place} is no whole data set of `datasets`: {path.name} cannot be read ({error}).") from error
