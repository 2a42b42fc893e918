"""Damaged files of a run that is to be done again, or scored again, are moved aside as NAME.damaged; nothing is deleted."""

import os
import tomllib
from contextlib import suppress
from pathlib import Path

from research.config.errors import DamagedFileError
from research.config.schema import Config
from research.config.serialise import to_toml
from research.data.loading import load_dataset
from research.plan.cell_record import write_record
from research.runs import store
from research.runs.checksums import CHECKSUMS
from research.runs.inspection import DAMAGED, TRAINING_FILE, Inspection, inspect_run, without_damage
from research.runs.lock import HeldError, claimed
from research.train.trained_files import Job, write_status


def repair_run(job: Job) -> str:
    """What was damaged and is made anew, in words; "" where nothing was, or another process has the run.

    With a damaged result.json the run is not done: it is trained again. With damaged files of its test split it is trained, and scored
    again. Of a damaged status.json the word is written anew that the other files tell.
    """
    if not inspect_run(job.folder).damaged:
        return ""
    with suppress(HeldError), claimed(job.folder) as claim, claim.writing():
        return _repair(job._replace(claim=claim), inspect_run(job.folder))
    return ""


def _repair(job: Job, inspected: Inspection) -> str:
    left = without_damage(inspected, job.folder)
    again = {"not run": "the run is done again", "trained": "its test split is scored again"} if inspected.status == DAMAGED else {}
    scored = ("test.json",) if TRAINING_FILE in inspected.damaged else ()
    if left.status in store.TRAINED_STATUSES:
        if "status.json" in inspected.damaged:
            move_damaged_aside(job.folder / "status.json")
        write_status(job, left.status, *_steps(job.folder))
    for name in dict.fromkeys((*inspected.damaged, *scored, *([CHECKSUMS] if again else []))):
        if name != "status.json" or left.status not in store.TRAINED_STATUSES:
            move_damaged_aside(job.folder / name)
    names = f"{', '.join(inspected.damaged)} {'was' if len(inspected.damaged) == 1 else 'were'} damaged"
    return f"{names}, and kept as NAME.damaged: {again.get(left.status, 'what became of the run is told from its other files')}"


def _steps(folder: Path) -> tuple[int, int]:
    """Of its training, as status.json says or result.json."""
    try:
        status = store.read_status(folder) or {}
    except DamagedFileError:
        status = {}
    steps = int((store.read_training(folder) or {}).get("steps") or 0)
    return status.get("step", steps), status.get("steps", steps)


def move_damaged_aside(path: Path) -> None:
    """To NAME.damaged, or NAME.damaged-2 and so on where there is one already; a file that is gone stays gone."""
    names = (f"{path.name}.damaged{'' if number == 1 else f'-{number}'}" for number in range(1, 10**6))
    with suppress(FileNotFoundError):
        os.rename(path, next(path.with_name(name) for name in names if not os.path.lexists(path.with_name(name))))


def repair_cell(folder: Path, config: Config, data_dir: Path | None) -> tuple[str, ...]:
    """The damaged files of a cell's folder, written anew: config.toml from the plan, cell.json and vocabulary.json from the data."""
    if not folder.is_dir():
        return ()
    damaged = [name for name in ("config.toml", "cell.json", "vocabulary.json") if is_damaged(folder / name)]
    for name in damaged:
        move_damaged_aside(folder / name)
    if "config.toml" in damaged:
        store.write_text(folder / "config.toml", to_toml(config))
    if {"cell.json", "vocabulary.json"} & {*damaged}:
        write_record(folder, config, load_dataset(config.data, data_dir), data_dir)
    return tuple(damaged)


def is_damaged(path: Path) -> bool:
    """Whether a file of a cell's folder cannot be read as what it is; one that is not there is not damaged."""
    try:
        tomllib.loads(path.read_bytes().decode("utf-8", "surrogateescape")) if path.suffix == ".toml" else store.read_json(path)
    except FileNotFoundError:
        return False
    except (DamagedFileError, OSError, ValueError, RecursionError):
        return True
    return False
