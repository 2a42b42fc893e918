"""Stepladder from Python: `import research as sl`. A name is imported when it is first used, so that the import itself costs nothing.

cell = sl.load("configs/lm/lstm_tiny.toml", "model.width=64", seeds=3)
cell.train(runs="runs")
table = sl.sweep("heads.toml").run().table()
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from research.api.build import BuiltModel as BuiltModel
    from research.api.build import build as build
    from research.api.build import load_data as load_data
    from research.api.frames import frame as frame
    from research.api.loaded_cell import LoadedCell as LoadedCell
    from research.api.loaded_cell import load as load
    from research.api.loaded_sweep import LoadedSweep as LoadedSweep
    from research.api.loaded_sweep import sweep as sweep
    from research.api.opened_run import OpenedRun as OpenedRun
    from research.api.opened_run import open as open
    from research.api.result_table import ResultTable as ResultTable
    from research.api.result_table import table as table
    from research.config.errors import StepladderError as StepladderError

MODULES = {
    "BuiltModel": "api.build",
    "LoadedCell": "api.loaded_cell",
    "LoadedSweep": "api.loaded_sweep",
    "OpenedRun": "api.opened_run",
    "ResultTable": "api.result_table",
    "StepladderError": "config.errors",
    "build": "api.build",
    "frame": "api.frames",
    "load": "api.loaded_cell",
    "load_data": "api.build",
    "open": "api.opened_run",
    "sweep": "api.loaded_sweep",
    "table": "api.result_table",
}
NEED_JAX = ("api.build",)  # modules that import it at once, after the flags that must be set before it


def __getattr__(name: str) -> "Callable[..., object]":
    if name not in MODULES:
        from research.config.errors import did_you_mean

        raise AttributeError(f"module 'research' has no attribute {name!r}{did_you_mean(name, MODULES)}")
    if MODULES[name] in NEED_JAX:
        from research.machine import use_workers

        use_workers(None)
    value: Callable[..., object] = getattr(import_module(f"research.{MODULES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES})
