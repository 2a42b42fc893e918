"""Whether the files of a run that tables read are the ones that it wrote, and what is left of it where they are not."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from research.config.errors import DamagedFileError
from research.runs.array_files import check_arrays
from research.runs.checksums import changed_files, read_checksums
from research.runs.records import Result, Status
from research.runs.run_files import (
    TRAINED_STATUSES,
    read_result,
    read_status,
    read_test,
    read_training,
    status_of,
)

DAMAGED = "damaged"  # the status of a run one of whose files cannot be believed; no number of it stands in a table
TRAINING_FILE = "result.json"
READERS: dict[str, Callable[[Path], object]] = {  # the files that a table reads of a run, each with what reads or checks it
    TRAINING_FILE: read_training,
    "test.json": read_test,
    "items.npz": lambda folder: check_arrays(Path(folder) / "items.npz"),
    "prompts.npz": lambda folder: check_arrays(Path(folder) / "prompts.npz"),
}


class Inspection(NamedTuple):
    """What became of a run, its last word of it and when that was, its numbers, and the names of its files that are damaged."""

    status: str
    message: str = ""
    updated: str = ""
    result: Result | None = None
    damaged: tuple[str, ...] = ()


def inspect_run(folder: Path) -> Inspection:
    """A run as a table reads it: "damaged" and without numbers where a file is damaged that they stand on.

    Of a run that is done each file is compared with its checksum where there is one; else it is read. A damaged status.json is named,
    and the other files tell the status.
    """
    record, unread = _read_record(folder)
    status, message, updated = status_of(folder), record.get("message", ""), record.get("updated", "")
    if status not in TRAINED_STATUSES:
        return Inspection(status, message, updated, damaged=unread)
    if damaged := damaged_files(folder, status):
        names = f"{', '.join(damaged)} {'is' if len(damaged) == 1 else 'are'} not what the run wrote"
        return Inspection(DAMAGED, names, updated, damaged=(*unread, *damaged))
    return Inspection(status, message, updated, read_result(folder), unread)


def damaged_files(folder: Path, status: str) -> tuple[str, ...]:
    """The names of the files of a trained or done run that a table reads and that are not what the run wrote, or are gone."""
    checksums = _checksums(folder) if status == "done" else {}
    contents = {name: content for name in checksums if (content := _content(Path(folder) / name)) is not None}
    changed = changed_files(checksums, contents)
    unchecked = [name for name, read in READERS.items() if name not in checksums and _is_unreadable(folder, read)]
    return tuple(name for name in READERS if name in changed or name in unchecked)


def without_damage(inspection: Inspection, folder: Path) -> Inspection:
    """What a plan has of a run: not run where its training is damaged, trained where only what its test split gave is."""
    if inspection.status != DAMAGED:
        return inspection
    if TRAINING_FILE in inspection.damaged:
        return Inspection("not run")
    return Inspection("trained", result=read_training(folder))


def believable_result(folder: Path, inspection: Inspection) -> Result | None:
    """The numbers of a run that is not damaged, also of one that diverged or failed where there are any."""
    if inspection.status in (DAMAGED, *TRAINED_STATUSES):
        return inspection.result
    try:
        return read_result(folder)
    except DamagedFileError:
        return None


def _read_record(folder: Path) -> tuple[Status, tuple[str, ...]]:
    """status.json, and its name where it is damaged."""
    try:
        return read_status(folder) or {}, ()
    except DamagedFileError:
        return {}, ("status.json",)


def _checksums(folder: Path) -> dict[str, str]:
    """Those of the files that a table reads; none where they cannot be read themselves."""
    try:
        return {name: digest for name, digest in read_checksums(folder).items() if name in READERS}
    except DamagedFileError:
        return {}


def _content(path: Path) -> bytes | None:
    """None of a file that is gone or cannot be opened."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def _is_unreadable(folder: Path, read: Callable[[Path], object]) -> bool:
    try:
        read(folder)
    except DamagedFileError:
        return True
    return False
