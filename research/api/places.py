"""Where runs and data are, if a call does not say it: as of the command line."""

import os
from pathlib import Path

RUNS_VARIABLE, DATA_VARIABLE = "STEPLADDER_RUNS", "STEPLADDER_DATA"


def runs_folder(runs: Path | str | None) -> Path:
    """The folder that is named; else that of STEPLADDER_RUNS, or `runs`."""
    return Path(runs or os.environ.get(RUNS_VARIABLE) or "runs")


def data_folder(data_dir: Path | str | None) -> Path | None:
    """The folder that is named; else that of STEPLADDER_DATA, or none."""
    named = data_dir or os.environ.get(DATA_VARIABLE)
    return Path(named) if named else None
