"""An analysis in two halves: it measures with a model, once, into the record; and it draws sections from the record, without one.

Its module imports jax, data and models inside `measure` alone, so that `stepladder report` needs none of them.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from research.compare.cells import Manifest
from research.config.plain import table
from research.report.section import Section
from research.runs import store
from research.runs.analysis_files import Measurement
from research.runs.records import CellEntry


class AnalysisPlace(NamedTuple):
    """Where runs and data are."""

    runs_dir: Path
    data_dir: Path | None = None


class AnalysisUnit(NamedTuple):
    """What is measured at once, a run or the whole sweep, and the folder that keeps it."""

    folder: Path
    manifest: Manifest
    entry: CellEntry  # of the run's cell; of the whole sweep nothing
    seed: int | None

    @property
    def run(self) -> str:
        """The run as `open_run` knows it."""
        return f"{self.entry['cell_id']}/{self.seed}"


class Measured(NamedTuple):
    """A unit and what the record holds of it."""

    unit: AnalysisUnit
    measurement: Measurement


class Analysis(NamedTuple):
    """One entry of `ANALYSES`, or the `ANALYSIS` of an analysis.py.

    name: of its files, of letters, digits, `_` and `-`
    section: what it adds to a report, for who reads that it is missing
    holds_text: whether its files hold text of the data, which a pack for others leaves out
    applies(manifest): whether a sweep is one that it can measure
    units(manifest, runs_dir): what it measures and has come to its end
    measure(unit, place): the numbers of one unit; may import jax. None of one that only draws what the runs have left
    sections(manifest, measured): pure, of what the record holds, in the order of `units`
    """

    name: str
    section: str
    holds_text: bool
    applies: Callable[[Manifest], bool]
    units: Callable[[Manifest, Path], Sequence[AnalysisUnit]]
    measure: Callable[[AnalysisUnit, AnalysisPlace], Measurement] | None
    sections: Callable[[Manifest, Sequence[Measured]], Sequence[Section]]


def run_units(manifest: Manifest, runs_dir: Path, entries: Iterable[CellEntry], statuses: Sequence[str]) -> list[AnalysisUnit]:
    """The runs of these cells with one of these statuses."""
    folders = ((entry, seed, store.seed_folder(runs_dir, entry["cell_id"], seed)) for entry in entries for seed in entry["seeds"])
    return [AnalysisUnit(folder, manifest, entry, seed) for entry, seed, folder in folders if store.status_of(folder) in statuses]


def first_run_units(manifest: Manifest, runs_dir: Path, entries: Iterable[CellEntry], statuses: Sequence[str]) -> list[AnalysisUnit]:
    """Of each of these cells the first run with one of these statuses."""
    by_cell = (run_units(manifest, runs_dir, [entry], statuses)[:1] for entry in entries)
    return [unit for units in by_cell for unit in units]


def sweep_unit(manifest: Manifest, runs_dir: Path) -> AnalysisUnit:
    """The whole sweep, whose folder stands beside its manifest."""
    folder = store.sweeps_folder(runs_dir) / f"{manifest['name']}-{manifest['hash']}"
    return AnalysisUnit(folder, manifest, CellEntry(), None)


def data_kind(entry: CellEntry) -> str:
    """The kind of the data of a cell."""
    return str(table(entry["config"]["data"])["kind"])


def runnable_entries(manifest: Manifest) -> list[CellEntry]:
    """The cells that can be run."""
    return [entry for entry in manifest["cells"] if entry["config"]]
