"""Runs of a pack done again here, and compared with what the pack says: whoever sends numbers can be taken at their word."""

import random
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from research.compare.cards import evaluate_cards
from research.compare.cell_labels import place_text
from research.compare.cells import axes_of, load_cells
from research.compare.families import comparison_families
from research.config.code_version import CODE_VERSION
from research.config.errors import StepladderError
from research.config.plain import Json
from research.config.schema import Config
from research.execute.run_cell import run_cell
from research.runs import store
from research.runs.environments import run_environments
from research.runs.merge import merge_sources
from research.runs.pack_sources import RecordSource, open_pack
from research.runs.record import Record
from research.runs.run_comparison import Difference, run_differences, training_differences
from research.runs.run_state import RunId
from research.train.checkpoint import FINAL

STACK = ("machine", "platform", "devices", "cores_of_a_run", "flags", "jax", "jaxlib", "flax", "optax", "numpy")  # equal: equal bits
TOLERANCE = 0.02  # elsewhere: a hundred times what instruction sets of one processor move (scripts/matrix.py), and less than tables claim
FOLDERS = ("theirs", "ours")  # the pack, and the pack with the runs that were done again


class AuditedRun(NamedTuple):
    """A run that was done again. `differences` are those that count: none within the tolerance where the stack is another."""

    run: RunId
    same_stack: bool
    differences: tuple[Difference, ...]

    @property
    def verdict(self) -> str:
        """equal | within tolerance | differs."""
        return "differs" if self.differences else "equal" if self.same_stack else "within tolerance"

    @property
    def line(self) -> str:
        """The run, the verdict, and which number differs."""
        text = "; ".join(difference.text for difference in self.differences[:3])
        return f"{self.run.place}: {self.verdict}{f': {text}' if text else ''}"


class Audit(NamedTuple):
    """The runs that were done again, and what a table of the pack would say otherwise with their numbers."""

    runs: tuple[AuditedRun, ...]
    verdicts: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not self.verdicts and not any(run.differences for run in self.runs)


def audit_pack(path: Path, sample: int, seed: int, data_dir: Path | None, report: Callable[[str], None]) -> Audit:
    """Do `sample` runs of a pack again, drawn by `seed`, in a folder that is removed afterwards, with what they start from.

    On the stack and instruction set of their makers they must be equal to the last bit; elsewhere each metric within `TOLERANCE`. Raises
    StepladderError for what is no pack, for one of another code, and where the data of a run are not there.
    """
    source = open_pack(path)
    with tempfile.TemporaryDirectory(prefix="stepladder-audit-") as folder:
        theirs, ours = (Path(folder) / name for name in FOLDERS)
        merge_sources([path], theirs)
        shutil.copytree(theirs, ours)
        runs = _with_parents(draw_runs(source, theirs, sample, seed), theirs)
        for run in runs:
            shutil.rmtree(store.seed_folder(ours, *run))
        audited = tuple(_audit_run(run, theirs, ours, data_dir, report) for run in runs)
        return Audit(audited, tuple(_changed_verdicts(source, theirs, ours)))


def draw_runs(source: RecordSource, runs_dir: Path, sample: int, seed: int) -> tuple[RunId, ...]:
    """So many of the runs that came to their end, without replacement; all where there are fewer. The same seed draws the same."""
    ended = [run for run in source.runs if store.status_of(store.seed_folder(runs_dir, *run)) in (*store.TRAINED_STATUSES, "diverged")]
    if not ended:
        raise StepladderError(f"{source.name} holds no run that came to its end, so there is nothing to audit.")
    return tuple(sorted(random.Random(seed).sample(ended, min(sample, len(ended)))))


def _with_parents(runs: Iterable[RunId], runs_dir: Path) -> tuple[RunId, ...]:
    """The runs behind those that must be done again for them: whose parameters, or scores of tokens, are not in the pack."""
    ordered: dict[RunId, None] = {}

    def add(run: RunId) -> None:
        folder = store.seed_folder(runs_dir, *run)
        record = Record(run.cell_id, run.seed, folder)
        for parent in record.result.get("parents", ()):
            if _lacks(record.config, runs_dir / parent):
                cell_id, _, number = parent.partition("/seed-")
                add(RunId(cell_id, int(number)))
        ordered[run] = None

    for run in runs:
        add(run)
    return tuple(ordered)


def _lacks(config: Config, parent: Path) -> bool:
    """Whether a run of this config needs of its parent what is not there."""
    if config.init and config.init.source:
        return not (parent / "checkpoints" / FINAL).exists()
    return not (parent / "tokens.npz").exists() and not config.pooled


def _audit_run(run: RunId, theirs_dir: Path, ours_dir: Path, data_dir: Path | None, report: Callable[[str], None]) -> AuditedRun:
    theirs = store.seed_folder(theirs_dir, *run)
    if not theirs.exists():
        raise StepladderError(f"{run.place} is needed by a run that was drawn, and is not in the pack. Ask for a pack of the whole sweep.")
    _check_code(theirs.parent)
    ours = run_cell(Record(run.cell_id, run.seed, theirs).config, run.seed, ours_dir, data_dir)
    if ours.parent.name != run.cell_id:
        raise StepladderError(
            f"{run.place} was made with other data or code: here its config makes the cell {ours.parent.name}. Bring the data that it was "
            "made with, with --data-dir, or install the version that made the pack."
        )
    same_stack = _stacks(theirs) == _stacks(ours)
    audited = AuditedRun(run, same_stack, _differences(ours, theirs, None if same_stack else TOLERANCE))
    report(audited.line)
    return audited


def _check_code(cell: Path) -> None:
    version = (store.read_json(cell / "cell.json") or {}).get("code_version")
    if version not in (None, CODE_VERSION):
        raise StepladderError(
            f"{cell.name} was made by version {version} of the code, and this is {CODE_VERSION}, which makes other numbers by design. "
            "Install the version of stepladder that pack.json names, and audit with it."
        )


def _differences(ours: Path, theirs: Path, tolerance: float | None) -> tuple[Difference, ...]:
    """A trial that was not chosen has no test scores there, and has some here, where it stands alone."""
    if store.status_of(theirs) == "trained" and tolerance is None:
        return training_differences(ours, theirs)
    return run_differences(ours, theirs, tolerance)


def _stacks(folder: Path) -> set[tuple[str, ...]]:
    return {tuple(str(part.get(name)) for name in STACK) for part in run_environments(folder)}


def _changed_verdicts(source: RecordSource, theirs: Path, ours: Path) -> Iterable[str]:
    """Of each sweep of the pack what it says with their numbers and says otherwise with ours."""
    for file in source.sweeps:
        manifest = store.read_json(theirs / file)
        before, after = (sweep_verdicts(manifest, runs_dir) for runs_dir in (theirs, ours))
        for claim in before:
            if before[claim] != after.get(claim):
                yield f"{manifest['name']}: {claim}: {after.get(claim)} here, {before[claim]} there"


def sweep_verdicts(manifest: dict[str, Json], runs_dir: Path) -> Mapping[str, str]:
    """What the table of a sweep says: the verdict of each comparison and claim, and which trial stands for each tuned row."""
    cells, axes = load_cells(manifest, runs_dir), axes_of(manifest)
    compared = {
        f"{' '.join(filter(None, (row.better, row.column)))} against {row.worse} in {row.metric}": row.verdict
        for row in comparison_families(manifest, cells).named
    }
    judged = {card.claim: card.verdict for card in evaluate_cards(manifest, cells)}
    chosen = {f"the trial of {place_text(cell.labels, *axes)}": cell.cell_id for cell in cells if cell.trials > 1}
    return compared | judged | chosen


def audit_lines(audit: Audit, sample: int) -> Sequence[str]:
    """What is said at the end."""
    counts = {verdict: sum(run.verdict == verdict for run in audit.runs) for verdict in ("equal", "within tolerance", "differs")}
    summary = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    more = f"; {len(audit.runs) - sample} of them because others start from them" if len(audit.runs) > sample else ""
    return (*(f"verdict: {line}" for line in audit.verdicts), f"{len(audit.runs)} runs done again: {summary}{more}")
