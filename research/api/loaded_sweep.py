"""A sweep: an experiment's preset, or a TOML file with a [sweep] table, which is run, and whose table is a value."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from research.api.loaded_file import LoadedFile
from research.api.places import data_folder, runs_folder
from research.api.result_table import ResultTable, manifest_table
from research.catalog.choose import Chosen, choose_experiment
from research.compare.table_layout import with_layout
from research.config.errors import StepladderError
from research.first_imports import without_collections
from research.machine import use_all_cores, use_workers
from research.runs.sweep_manifest import Launch, read_manifest, sweep_name
from research.stops import STOPPED

if TYPE_CHECKING:
    from research.api.execution import Executed
    from research.api.loaded_cell import Listeners


class LoadedSweep(LoadedFile):
    """A sweep with overrides. `runs`: the folder of its runs, that of the last call of `run`."""

    def __init__(self, chosen: Chosen, launch: Launch) -> None:
        super().__init__(chosen.loaded, launch)
        self.chosen = chosen

    def run(
        self,
        runs: Path | str | None = None,
        workers: int | None = None,
        on_error: str = "continue",
        rerun: str | None = None,
        listeners: "Listeners" = (),
        quiet: bool = False,
        wait: bool = False,
    ) -> "LoadedSweep":
        """Run every cell that is not done; progress goes to stderr. Returns itself.

        `on_error`: continue (a crashed run is told, and shown in the table) or stop, which raises StepladderError. Ctrl-C checkpoints and
        raises KeyboardInterrupt; the same call goes on from there. `wait`: for runs that other processes have, without which there is a
        StepladderError where they have any.
        """
        if on_error not in ("continue", "stop"):
            raise StepladderError(f"on_error is 'continue' or 'stop', not {on_error!r}.")
        self.launch = self.launch._replace(runs=runs_folder(runs) if runs is not None else self.runs)
        executed = self.execute(workers, on_error == "continue", rerun, listeners, quiet, wait)
        from research.api.execution import check_executed

        check_executed(executed, self.runs, may_crash=on_error == "continue")
        return self

    def execute(
        self,
        workers: int | None = None,
        keep_going: bool = True,
        rerun: str | None = None,
        listeners: "Listeners" = (),
        quiet: bool = False,
        wait: bool = False,
    ) -> "Executed":
        """As `run`, and how it ended."""
        use_workers(workers)
        with without_collections():
            from research.analyses.analysis import AnalysisPlace
            from research.analyses.registry import analyses_of
            from research.analyses.stage import run_analyses
            from research.api.execution import execute
            from research.execute.foreground import CRASHED, UNFINISHED, Request
        request = Request(self.runs, self.launch.data_dir, keep_going, rerun, quiet, listeners=tuple(listeners), workers=workers, wait=wait)
        executed = execute(self.loaded, self.launch, request)
        if executed.code in (STOPPED, UNFINISHED):  # whoever does the last run measures
            return executed
        place = AnalysisPlace(self.runs, self.launch.data_dir)
        measured = run_analyses(analyses_of(self.chosen.analysis), executed.manifest, place, lambda line: print(line, file=sys.stderr))
        return executed if measured else executed._replace(code=max(executed.code, CRASHED))

    def table(self) -> ResultTable:
        """Its table, from what is there. Raises StepladderError where it was never run in this folder."""
        return manifest_table(with_layout(read_manifest(self.loaded, self.runs), self.loaded, self.runs), self.runs)

    def __repr__(self) -> str:
        sweep = self.loaded.sweep
        metric = f", {sweep.metric}" if sweep else ""
        return f"sweep {sweep_name(self.loaded)} of {self.chosen.spec}: {len(self.loaded.points())} cells{metric}"


def sweep(
    spec: Path | str,
    *overrides: str,
    preset: str | None = None,
    runs: Path | str | None = None,
    data_dir: Path | str | None = None,
    allow_plugins: bool = False,
) -> LoadedSweep:
    """An experiment by its name or folder (quick, if no preset is named), or a TOML file; reads no data.

    `allow_plugins`: let the plugins that the file names run on this machine. Raises StepladderError for a mistake in any word.
    """
    use_all_cores()
    chosen = choose_experiment(str(spec), preset, overrides, allow_plugins)
    return LoadedSweep(chosen, launch_of(chosen, runs_folder(runs), data_folder(data_dir)))


def launch_of(chosen: Chosen, runs: Path, data_dir: Path | None) -> Launch:
    """The words of a command, for the manifest."""
    return Launch(chosen.spec, chosen.overrides, chosen.preset, tuple(chosen.cards), runs, data_dir)
