"""Packs and runs folders merged into a runs folder. Nothing is overwritten; a record appears whole or not at all.

Two runs of one cell and seed are one where they found the same: every number of training, validation and test but times, and every score
of an item. Environments, times and learning curves may differ: those of the run that was there first stay. Runs that found something else
are kept apart in runs/conflicts/<source>/, which no table reads.
"""

import os
import re
import shutil
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from research.config.errors import StepladderError
from research.runs.atomic_files import check_writable, make_folder
from research.runs.checksums import CHECKSUMS, write_checksums
from research.runs.lock import claimed, is_held
from research.runs.merge_manifests import merge_manifests, unite_launches
from research.runs.pack_sources import NOT_CARRIED, RecordSource, open_source
from research.runs.portable import CELL_FILES, PORTABLE
from research.runs.run_comparison import Difference, finished_rank, run_differences, training_differences
from research.runs.run_files import cell_folder, seed_folder, status_of
from research.runs.run_state import RunId

CONFLICTS = "conflicts"
UNFINISHED = "unfinished"  # of conflicts: runs of this folder that a finished one took the place of
TESTED = ("items.npz", "test_tokens.npz", "prompts.npz", "texts.jsonl", "attention.npz", "test.json")  # in the order of writing
SHOWN = 3  # differences that a conflict is told by


class MergedSource(NamedTuple):
    """What became of a source: how many runs ended how, the conflicts, a line each, and the manifests that its tables are made from."""

    name: str
    counts: dict[str, int]  # added | equal | completed | conflict | held | unfinished
    conflicts: tuple[str, ...]
    manifests: tuple[Path, ...]


def merge_sources(paths: Sequence[Path], runs_dir: Path) -> tuple[MergedSource, ...]:
    """Merge them in order. Raises StepladderError, before anything is written, where one of them is damaged or none at all."""
    runs_dir, sources, errors = Path(runs_dir), list[RecordSource](), list[StepladderError]()
    for path in paths:
        try:
            _check_other_folder(Path(path), runs_dir)
            sources.append(open_source(Path(path)))
        except StepladderError as error:
            errors.append(error)
    if errors:
        further = f" {len(errors) - 1} other sources cannot be read either." if errors[1:] else ""
        raise StepladderError(f"{errors[0]}{further} Nothing was merged.")
    check_writable(runs_dir)
    merged = tuple(_merge_source(source, runs_dir) for source in sources)
    tables = unite_launches(dict.fromkeys(path for source in merged for path in source.manifests), runs_dir)
    return tuple(source._replace(manifests=tuple(dict.fromkeys(tables[path] for path in source.manifests))) for source in merged)


def _check_other_folder(path: Path, runs_dir: Path) -> None:
    if path.is_dir() and path.resolve() == runs_dir.resolve():
        raise StepladderError(f"{path} is the runs folder that is merged into. Name another with --runs.")


def _merge_source(source: RecordSource, runs_dir: Path) -> MergedSource:
    counts, conflicts = Counter[str](), list[str]()
    with _staging(runs_dir) as folder:
        for run in source.runs:
            outcome, text = _merge_run(source, run, folder, runs_dir)
            counts[outcome] += 1
            conflicts += [text] if text else []
    manifests = merge_manifests(source, runs_dir, conflicts_folder(runs_dir, source))
    return MergedSource(source.name, dict(counts), (*conflicts, *manifests.conflicts), manifests.paths)


@contextmanager
def _staging(runs_dir: Path) -> Iterator[Path]:
    """A folder beside the records, in which they are written before they are moved to their place."""
    folder = runs_dir / f".merging-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    make_folder(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _merge_run(source: RecordSource, run: RunId, staging: Path, runs_dir: Path) -> tuple[str, str]:
    """How it ended, and of a conflict what is to be told."""
    staged, target = staging / run.place, seed_folder(runs_dir, *run)
    _write_files(source, source.files_of(run.place), staging)
    _place_cell(source, run.cell_id, runs_dir)
    if is_held(target):
        return "held", f"{run.place} of {source.name} was left out: the same run is under way in {runs_dir}."
    ours, theirs = finished_rank(status_of(target)), finished_rank(status_of(staged))
    if not target.exists():
        return ("added", "") if _move(staged, target) else _merge_run(source, run, staging, runs_dir)
    if min(ours, theirs) == 0:
        return _with_unfinished(staged, target, theirs > ours, runs_dir)
    differences = run_differences(target, staged) if ours == theirs else training_differences(target, staged)
    if differences:
        return "conflict", _keep_apart(source, run, staged, runs_dir, differences)
    if theirs > ours:
        _complete(staged, target)
    _add_missing(staged, target)
    return ("completed" if theirs > ours else "equal"), ""


def _with_unfinished(staged: Path, target: Path, wins: bool, runs_dir: Path) -> tuple[str, str]:
    """Of two runs one of which gave nothing: a finished one takes the place of ours, which is moved aside."""
    if not wins:
        return "unfinished", ""
    aside = _free_place(runs_dir / CONFLICTS / UNFINISHED / target.parent.name / target.name)
    make_folder(aside.parent)
    os.rename(target, aside)
    _move(staged, target)
    return "added", ""


def _move(staged: Path, target: Path) -> bool:
    """Whether it has its place now: not where another process was faster."""
    make_folder(target.parent)
    try:
        os.rename(staged, target)
    except OSError as error:
        if not target.exists():
            raise StepladderError(f"{target} cannot be written: {error.strerror or error}. Name another folder with --runs.") from None
        return False
    return True


def _complete(staged: Path, target: Path) -> None:
    """A run that is trained here gets the test scores of one that trained to the same numbers; its status is written last."""
    with claimed(target):
        for name in TESTED:
            if (staged / name).is_file():
                os.replace(staged / name, target / name)
        write_checksums(target)
        os.replace(staged / "status.json", target / "status.json")


def _add_missing(staged: Path, target: Path) -> None:
    """Of an equal run what is not here: parameters, and scores that were left out of the pack that it came in."""
    for path in staged.iterdir():
        if path.name not in (*PORTABLE, "metrics.jsonl", CHECKSUMS) and not (target / path.name).exists():
            os.rename(path, target / path.name)


def _keep_apart(source: RecordSource, run: RunId, staged: Path, runs_dir: Path, differences: Sequence[Difference]) -> str:
    """Move it to the conflicts of its source, unless the same was kept there before; a line that says so."""
    place = conflicts_folder(runs_dir, source) / run.place
    if not place.exists() or run_differences(place, staged):
        place = _free_place(place)
        make_folder(place.parent)
        os.rename(staged, place)
    shown = "; ".join(difference.text for difference in differences[:SHOWN])
    more = f", and {len(differences) - SHOWN} more" if len(differences) > SHOWN else ""
    return f"{run.place} of {source.name} is not the run that is here: {shown}{more}. It is kept in {place}, which no table reads."


def _free_place(place: Path) -> Path:
    numbered = (place.with_name(f"{place.name}-{number}") for number in range(2, 10_000))
    return next(path for path in (place, *numbered) if not path.exists())


def conflicts_folder(runs_dir: Path, source: RecordSource) -> Path:
    """Where what a source says otherwise is kept."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", Path(source.name).resolve().name.removesuffix(".zip")).lstrip(".-")
    return Path(runs_dir) / CONFLICTS / (name or "source")


def _place_cell(source: RecordSource, cell_id: str, runs_dir: Path) -> None:
    """The files of a cell that are not there."""
    folder = cell_folder(runs_dir, cell_id)
    for file in source.files:
        name = file.removeprefix(f"{cell_id}/")
        if file != name and name in (*CELL_FILES, "vocabulary.json", "env.json") and not (folder / name).exists():
            _write(source, file, folder / name)


def _write_files(source: RecordSource, files: Sequence[str], folder: Path) -> None:
    for file in files:
        if not NOT_CARRIED.search(file):
            _write(source, file, folder / file)


def _write(source: RecordSource, file: str, path: Path) -> None:
    """A file of a source, whole or not at all. It was compared with its checksum, which a later reader compares again."""
    make_folder(path.parent)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        beside.write_bytes(source.read(file))
        os.replace(beside, path)
    except OSError as error:
        raise StepladderError(
            f"{path} cannot be written: {error.strerror or error}. Make room, or name another folder with --runs."
        ) from None
    finally:
        beside.unlink(missing_ok=True)
