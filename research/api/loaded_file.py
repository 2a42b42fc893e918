"""A config file with overrides, of one cell or of a sweep: where its runs are, and what would be run."""

from pathlib import Path
from typing import TYPE_CHECKING

from research.config.loader import LoadedConfig
from research.first_imports import without_collections
from research.machine import use_workers
from research.runs.sweep_manifest import Launch

if TYPE_CHECKING:
    from research.plan.resolve_plan import Plan


class LoadedFile:
    """What a cell and a sweep have in common before they are run."""

    def __init__(self, loaded: LoadedConfig, launch: Launch) -> None:
        self.loaded, self.launch = loaded, launch

    @property
    def runs(self) -> Path:
        """Where its runs are: the folder of the last call that ran it."""
        return self.launch.runs

    def plan(self) -> "Plan":
        """What would be run, checked and priced; runs nothing. Raises StepladderError as running it would."""
        use_workers(None)
        with without_collections():
            from research.api.show_plan import checked_plan
        return checked_plan(self.loaded, self.launch, self.runs, self.launch.data_dir)

    def show(self) -> None:
        """Print what would be run, with its costs and the predicted time; of one cell the whole config, every shape and the memory."""
        plan = self.plan()
        from research.api.print_plan import print_plan

        print_plan(plan, self.runs, self.launch.data_dir)
