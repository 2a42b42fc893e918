"""Whether two runs of one cell and seed found the same: every number but times, every item; or the metrics within a tolerance."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from research.config.plain import Json
from research.runs.array_files import read_arrays
from research.runs.json_files import JsonObject, read_json
from research.runs.portable import ARRAYS
from research.runs.run_files import status_of

TIMES = ("cost", "seconds", "advice")  # of result.json and test.json: how long it took, and words
STAMPS = ("format", "code_version")
COMPARED = ("metrics", "params", "scored_on")  # what is compared where bits may differ; steps and the rest follow from rounding


class Difference(NamedTuple):
    """A number, or a file, that two runs do not share."""

    what: str
    ours: str
    theirs: str

    @property
    def text(self) -> str:
        """One clause of it."""
        return f"{self.what} {self.ours} here, {self.theirs} there"


def run_differences(ours: Path, theirs: Path, tolerance: float | None = None) -> tuple[Difference, ...]:
    """What differs between two folders of a run: ours and theirs. None where they are equal.

    Without a `tolerance` every number of result.json and test.json but times, and every array, must be the same; with one, each metric
    may differ by that share of the larger, or by that number where both are small, and arrays must have the same items.
    """
    if status_of(ours) != status_of(theirs):
        return (Difference("status", status_of(ours), status_of(theirs)),)
    numbers = [difference for name in ("result.json", "test.json") for difference in _numbers_differ(ours, theirs, name, tolerance)]
    return (*numbers, *(difference for name in ARRAYS for difference in _arrays_differ(ours / name, theirs / name, tolerance)))


def training_differences(ours: Path, theirs: Path) -> tuple[Difference, ...]:
    """What differs in training and validation alone: one of the two may not be tested yet."""
    return (*_numbers_differ(ours, theirs, "result.json", None), *_arrays_differ(ours / "tokens.npz", theirs / "tokens.npz", None))


def _numbers_differ(ours: Path, theirs: Path, name: str, tolerance: float | None) -> Iterator[Difference]:
    first, second = (dict(_leaves(_compared(read_json(folder / name) or {}, tolerance))) for folder in (ours, theirs))
    for key in dict.fromkeys((*first, *second)):
        if not _same(first.get(key), second.get(key), tolerance):
            yield Difference(f"{name}: {key}", str(first.get(key)), str(second.get(key)))


def _compared(record: JsonObject, tolerance: float | None) -> JsonObject:
    if tolerance is not None:
        return {key: record[key] for key in COMPARED if key in record}
    return {key: value for key, value in record.items() if key not in (*TIMES, *STAMPS)}


def _leaves(value: Json, prefix: str = "") -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, value


def _same(first: Json, second: Json, tolerance: float | None) -> bool:
    if tolerance is None or not isinstance(first, float) or not isinstance(second, float):
        return first == second
    return math.isclose(first, second, rel_tol=tolerance, abs_tol=tolerance)


def _arrays_differ(ours: Path, theirs: Path, tolerance: float | None) -> Iterator[Difference]:
    import numpy as np

    if ours.is_file() != theirs.is_file():  # scores of single tokens may be left out of a pack
        if ours.name in ("items.npz", "prompts.npz"):
            yield Difference(ours.name, *("there" if path.is_file() else "not there" for path in (ours, theirs)))
        return
    first, second = read_arrays(ours) or {}, read_arrays(theirs) or {}
    for key in dict.fromkeys((*first, *second)):
        if key not in first or key not in second or first[key].shape != second[key].shape:
            yield Difference(f"{ours.name}: {key}", *(str(arrays[key].shape) if key in arrays else "none" for arrays in (first, second)))
        elif tolerance is None or key == "id":
            differing = np.flatnonzero(((first[key] != second[key]) & ~((first[key] != first[key]) & (second[key] != second[key]))).ravel())
            for i in differing[:1]:  # the first tells it
                yield Difference(f"{ours.name}: {key}[{i}]", *(str(arrays[key].ravel()[i]) for arrays in (first, second)))


def finished_rank(status: str) -> int:
    """How far a run came: 2 over, 1 trained and not tested, 0 neither."""
    return {"done": 2, "diverged": 2, "trained": 1}.get(status, 0)
