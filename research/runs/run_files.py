"""The files of a run: where they are, and what is read of them.

runs/<cell_id>/{config.toml, cell.json, vocabulary.json}
runs/<cell_id>/seed-<k>/{env.json, status.json, metrics.jsonl, result.json, tokens.npz, log.txt, checkpoints/, lock}
runs/<cell_id>/seed-<k>/{test.json, items.npz, test_tokens.npz, prompts.npz, texts.jsonl, attention.npz, checksums.json}: once it was tested
runs/<cell_id>/seed-<k>/analysis/<name>.{json,npz}, runs/sweeps/<name>-<hash>/analysis/<name>.{json,npz}: what analyses measured
runs/sweeps/<name>-<hash>.json
"""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from research.config.errors import DamagedFileError
from research.config.plain import Json, table
from research.runs.array_files import read_arrays
from research.runs.damaged_files import damaged_file
from research.runs.json_files import JsonObject, read_json, restore_infinities
from research.runs.lock import is_held
from research.runs.records import Result, Status

if TYPE_CHECKING:
    import numpy as np

TRAINED_STATUSES = ("trained", "done")  # statuses of a run whose parameters and validation are there; done: its test split was scored too
WRITTEN_STATUSES = ("running", *TRAINED_STATUSES, "diverged", "failed", "stopped")  # what status.json may say
TEST_TABLES, RESULT_TABLES = ("metrics", "scored_on", "extra", "signatures"), ("metrics", "cost")  # what test.json and result.json have
RUN_TABLES = {*TEST_TABLES, *RESULT_TABLES, "params"}


def cell_folder(runs_dir: Path, cell_id: str) -> Path:
    """Where a cell's config, environment and seeds are."""
    return Path(runs_dir) / cell_id


def seed_folder(runs_dir: Path, cell_id: str, seed: int) -> Path:
    """Where one run is."""
    return cell_folder(runs_dir, cell_id) / f"seed-{seed}"


def sweeps_folder(runs_dir: Path) -> Path:
    """Where the sweeps' manifests are."""
    return Path(runs_dir) / "sweeps"


def seeds_of(folder: Path) -> tuple[int, ...]:
    """The seeds that a cell's folder holds, in order."""
    names = (path.name.removeprefix("seed-") for path in Path(folder).glob("seed-*") if path.is_dir())
    return tuple(sorted(int(name) for name in names if name.isascii() and name.isdigit()))


def read_status(folder: Path) -> Status | None:
    """A run's status.json. Raises DamagedFileError where it says nothing that a run says."""
    path = Path(folder) / "status.json"
    value: JsonObject | None = read_json(path)
    if value is not None and not _is_status(value):
        raise damaged_file(path, "does not say what became of the run")
    return cast("Status | None", value)


def _is_status(value: JsonObject) -> bool:
    kinds = {"step": int, "steps": int, "message": str, "updated": str}
    typed = all(isinstance(value.get(name, kind()), kind) for name, kind in kinds.items())
    return typed and value.get("status") in WRITTEN_STATUSES and _is_time(value.get("updated", ""))


def _is_time(text: str) -> bool:
    try:
        return not text or datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def status_of(folder: Path) -> str:
    """What became of a run, as its files and its lock say: running | trained | done | diverged | failed | stopped | not run.

    "not run" also where status.json speaks of a run whose result is not there; "stopped" where it says running and no live process does.
    Where status.json is damaged the other files tell it.
    """
    word = _status_word(folder)
    if word == "running" and not is_held(Path(folder)):
        word = _status_word(folder)  # it may have ended between two looks
        return "stopped" if word == "running" else word
    return word


def _status_word(folder: Path) -> str:
    try:
        word = (read_status(folder) or {}).get("status", "not run")
    except DamagedFileError:
        return _word_without_status(Path(folder))
    return "not run" if word in TRAINED_STATUSES and not os.path.exists(Path(folder) / "result.json") else word


def _word_without_status(folder: Path) -> str:
    """What the other files say: done where the test split was scored, else running where there are any, which a lock then contradicts."""
    if os.path.exists(folder / "result.json"):
        tested = any(os.path.exists(folder / name) for name in ("test.json", "checksums.json")) or _has_test(folder)
        return "done" if tested else "trained"
    return "running" if any(os.path.exists(folder / name) for name in ("metrics.jsonl", "checkpoints")) else "not run"


def _has_test(folder: Path) -> bool:
    """Whether result.json itself holds what the test split gave, as it did before that had a file of its own."""
    try:
        return "test" in (read_training(folder) or {}).get("metrics", {})
    except DamagedFileError:
        return False


def read_result(folder: Path) -> Result | None:
    """A run's result.json, training and validation, with what its test.json adds where its test split was scored."""
    result, tested = _read_numbers(Path(folder) / "result.json", RESULT_TABLES), read_test(folder)
    if result is None or tested is None:
        return cast("Result | None", result)
    seconds = result["cost"].get("seconds", {})
    evaluate = (seconds.get("evaluate") or 0.0) + tested["seconds"]
    joined = {part: {**result.get(part, {}), **tested[part]} for part in ("metrics", "scored_on", "extra")}
    signatures = {"signatures": tested["signatures"]} if tested["signatures"] else {}
    return cast(Result, result | joined | signatures | {"cost": result["cost"] | {"seconds": seconds | {"evaluate": evaluate}}})


def read_training(folder: Path) -> Result | None:
    """A run's result.json alone: training and validation."""
    return cast("Result | None", _read_numbers(Path(folder) / "result.json", RESULT_TABLES))


def read_test(folder: Path) -> JsonObject | None:
    """A run's test.json: what scoring its test split gave."""
    path = Path(folder) / "test.json"
    tested = _read_numbers(path, TEST_TABLES)
    if tested is not None and not isinstance(tested.get("seconds"), int | float):
        raise damaged_file(path, "does not say how long its scoring took")
    return tested


def _read_numbers(path: Path, required: Sequence[str]) -> JsonObject | None:
    """A file of metrics, whose infinities are numbers again. Raises DamagedFileError where one of its tables is none."""
    record: JsonObject | None = read_json(path)
    if record is None:
        return None
    numbers = record | {name: restore_infinities(record[name]) for name in ("metrics", "extra") if name in record}
    for name in RUN_TABLES:
        if (name in numbers or name in required) and not isinstance(numbers.get(name), dict):
            raise damaged_file(path, f"has no table `{name}`")
    if not all(map(_is_table_of_numbers, (*numbers["metrics"].values(), table(numbers.get("cost")).get("seconds", {})))):
        raise damaged_file(path, "has a text where a number was written")
    return numbers


def _is_table_of_numbers(value: Json) -> bool:
    return isinstance(value, dict) and all(number is None or isinstance(number, int | float) for number in value.values())


def read_items(folder: Path) -> "dict[str, np.ndarray] | None":
    """A run's items.npz: id, loss (nats summed over the item), tokens, correct, each [n]; of drawn texts, what `text_items` has too.

    `cluster` [n], where the data declares that items of one number are not independent.
    """
    return read_arrays(Path(folder) / "items.npz")


def read_prompt_items(folder: Path) -> "dict[str, np.ndarray] | None":
    """A run's prompts.npz: id, loss (nats of the right completion), tokens, exact and, where there were several, preferred, each [n]."""
    return read_arrays(Path(folder) / "prompts.npz")


def read_tokens(folder: Path) -> "dict[str, np.ndarray] | None":
    """Nats of each scored token, in the split's order: `valid` of tokens.npz; of a tested run `test` and `misspelt` of test_tokens.npz."""
    valid = read_arrays(Path(folder) / "tokens.npz")
    return None if valid is None else valid | (read_arrays(Path(folder) / "test_tokens.npz") or {})
