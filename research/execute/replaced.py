"""Runs that are done again: what they were is moved aside, and removed when the new run is done. What killed processes left is swept."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from research.config.errors import StepladderError
from research.runs.lock import HeldError, claimed, is_held
from research.train.checkpoint import drop_numbered

REPLACED = "replaced-"  # how the folders begin in which a run's earlier files are
LOCK = "lock"  # and how the files begin that say who has it


def check_free(folders: Iterable[Path]) -> None:
    """Raises StepladderError where another process has one of the runs, before anything of any is moved."""
    held = [folder for folder in folders if is_held(folder)]
    if held:
        more = f" and {len(held) - 1} more are" if len(held) > 1 else " is"
        raise StepladderError(
            f"{held[0]}{more} under way in another process, so nothing is done again, and nothing was moved. Wait for it, or name the cell."
        )


def move_aside(folder: Path) -> None:
    """All files of a run to replaced-N in its folder, status.json first, so that a crash in between leaves a run that is not done."""
    if not folder.is_dir():
        return
    with claimed(folder):
        names = [name for name in os.listdir(folder) if not name.startswith((REPLACED, LOCK))]
        if names:
            aside = next(path for number in range(1, 10**6) if not (path := folder / f"{REPLACED}{number}").exists())
            aside.mkdir()
            for name in sorted(names, key=lambda name: name != "status.json"):
                os.rename(folder / name, aside / name)


def remove_replaced(folder: Path) -> None:
    """What a run that is done has replaced."""
    for path in Path(folder).glob(f"{REPLACED}*"):
        shutil.rmtree(path, ignore_errors=True)


def sweep_run(folder: Path, over: bool) -> None:
    """Remove what killed processes left in the folder of a run that no process has. `over`: it is not resumed any more."""
    if not any(_leftovers(folder, over)):
        return
    with suppress(HeldError), claimed(folder):
        for path in list(_leftovers(folder, over)):
            if path.name != LOCK:
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
        if over:
            drop_numbered(folder / "checkpoints")


def _leftovers(folder: Path, over: bool) -> Iterator[Path]:
    """Temporary files, unfinished checkpoints; of a run that is over a lock, numbered checkpoints, and what it replaced too."""
    for name in _names(folder):
        if (name.startswith(".") and name.endswith(".tmp")) or (over and (name == LOCK or name.startswith(REPLACED))):
            yield folder / name
    for name in _names(folder / "checkpoints"):
        if "orbax-checkpoint-tmp" in name or (over and name.isdigit()):
            yield folder / "checkpoints" / name


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
