"""One cell: a config file with overrides, which is trained and shown, and whose runs are a frame."""

import html
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from research.api.loaded_file import LoadedFile
from research.api.places import data_folder, runs_folder
from research.catalog.folders import shipped_experiments
from research.config.errors import StepladderError
from research.config.find import find_config
from research.config.loader import LoadedConfig, load_config
from research.config.serialise import to_toml, to_tree
from research.first_imports import without_collections
from research.machine import use_all_cores, use_workers
from research.report.describe import data_and_model_text
from research.runs.record import Record
from research.runs.store import seed_folder
from research.runs.sweep_manifest import Launch

if TYPE_CHECKING:
    import pandas as pd

    from research.api.execution import Executed
    from research.api.opened_run import OpenedRun
    from research.data.dataset import Dataset
    from research.plan.planned_cell import PlannedCell
    from research.train.events import RunEvent

    Listeners = Sequence[Callable[[RunEvent], None]]


class LoadedCell(LoadedFile):
    """A config file with overrides. `runs`: the folder of its runs, that of the last call of `train`."""

    def __init__(self, loaded: LoadedConfig, launch: Launch) -> None:
        assert loaded.config is not None, "a file without a sweep"
        super().__init__(loaded, launch)
        self.config = loaded.config
        self._planned: dict[Path, PlannedCell] = {}

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that are trained; where chance plays no part it is the first of them."""
        return self.planned.seeds

    @property
    def cell_id(self) -> str:
        """The 12 digits of its config and its data, which are read for it."""
        return self.planned.cell_id

    @property
    def planned(self) -> "PlannedCell":
        """Its id, parents and costs."""
        if self.runs not in self._planned:
            (self._planned[self.runs],) = self.plan().rows
        return self._planned[self.runs]

    @property
    def data(self) -> "Dataset":
        """Its data, as they are trained on."""
        use_workers(None)
        with without_collections():
            from research.data.loading import load_dataset
        return load_dataset(self.config.data, self.launch.data_dir)

    def train(
        self,
        runs: Path | str | None = None,
        workers: int | None = None,
        rerun: str | None = None,
        listeners: "Listeners" = (),
        quiet: bool = False,
        wait: bool = False,
    ) -> "LoadedCell":
        """Train all its seeds, those that are not done; progress goes to stderr. Returns itself, at once if everything is done.

        `listeners` are called with every event of research.train.events. Ctrl-C checkpoints and raises KeyboardInterrupt; the same call
        goes on from there. `wait`: for runs of another process. Raises StepladderError where a run crashed, or another process has it.
        """
        self.launch = self.launch._replace(runs=runs_folder(runs) if runs is not None else self.runs)
        executed = self.execute(workers, rerun, listeners, quiet, wait)
        from research.api.execution import check_executed

        check_executed(executed, self.runs, may_crash=False)
        return self

    def execute(
        self,
        workers: int | None = None,
        rerun: str | None = None,
        listeners: "Listeners" = (),
        quiet: bool = False,
        wait: bool = False,
    ) -> "Executed":
        """As `train`, and how it ended."""
        use_workers(workers)
        with without_collections():
            from research.api.execution import execute
            from research.execute.foreground import Request
        request = Request(self.runs, self.launch.data_dir, rerun=rerun, quiet=quiet, listeners=tuple(listeners), workers=workers, wait=wait)
        executed = execute(self.loaded, self.launch, request)
        (self._planned[self.runs],) = executed.plan.rows
        return executed

    def frame(self, metrics: Sequence[str] = ()) -> "pd.DataFrame":
        """A row a seed: its status and its numbers, or those that `metrics` names."""
        from research.api.frames import records_frame

        records = [Record(self.cell_id, seed, seed_folder(self.runs, self.cell_id, seed)) for seed in self.seeds]
        return records_frame(records, metrics)

    def open(self, seed: int | None = None) -> "OpenedRun":
        """The run of a seed, by default the first that is done."""
        from research.api.opened_run import open as open_by_name

        name = self.cell_id if seed is None else f"{self.cell_id}/{seed}"
        return open_by_name(name, self.runs, self.launch.data_dir)

    def __repr__(self) -> str:
        return f"{self._heading()}\n\n{to_toml(self.config)}"

    def _repr_html_(self) -> str:
        words = html.escape(to_toml(self.config))
        frame = self.frame()._repr_html_() if self.runs in self._planned else ""  # type: ignore[operator]
        return f"<p><b>{html.escape(self._heading())}</b></p><details><summary>config</summary><pre>{words}</pre></details>{frame}"

    def _heading(self) -> str:
        tree = to_tree(self.config)
        ids = [self._planned[self.runs].cell_id] if self.runs in self._planned else []
        seeds = len(self.config.seeds)
        return f"{', '.join([*ids, str(self.loaded.path), data_and_model_text(tree)])}, {seeds} seed{'' if seeds == 1 else 's'}"


def load(
    config: Path | str,
    *overrides: str,
    seeds: int | Sequence[int] | None = None,
    runs: Path | str | None = None,
    data_dir: Path | str | None = None,
    allow_plugins: bool = False,
) -> LoadedCell:
    """A TOML file, or the name of one under configs/, with overrides such as "model.width=64"; reads no data.

    `seeds`: how many, or which. `allow_plugins`: let the plugins that the file names run on this machine. Raises StepladderError for a
    mistake in any word, and for what is many cells.
    """
    words = [*overrides, *([] if seeds is None else [f"seeds={seeds if isinstance(seeds, int) else list(seeds)}"])]
    path = find_cell_config(config)
    use_all_cores()
    loaded = load_config(path, words, allow_plugins)
    if loaded.sweep:
        raise StepladderError(
            f"{path} has a [sweep] table, so it is many cells; use `stepladder sweep {path}`, or train a file without one."
        )
    return LoadedCell(loaded, Launch(str(path), tuple(words), runs=runs_folder(runs), data_dir=data_folder(data_dir), verb="train"))


def find_cell_config(name: Path | str) -> Path:
    """The file that CONFIG names. Raises StepladderError for an experiment, which is many cells."""
    if str(name) in [folder.spec for folder in shipped_experiments()] and not Path(name).is_file():
        raise StepladderError(f"{name} is an experiment, so it is many cells; use `stepladder reproduce {name}`.")
    return find_config(name)
