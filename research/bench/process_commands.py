"""The commands of benchmarks whose every round is a process of its own."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import tomli_w

from research.bench.benchmarks import Case
from research.bench.ours.configs import sweep_tree
from research.bench.sizes import SweepSizes


class Command(NamedTuple):
    """What is run, with which cache of compiled programs, and how it is to end."""

    words: tuple[str, ...]
    cache: Path
    exit_code: int = 0


PYTHON = sys.executable
STEPLADDER = (PYTHON, "-m", "research.cli")
IMPORT_OURS = """
from research.first_imports import without_collections
from research.machine import use_workers
use_workers(None)
with without_collections():
    import research.cli.commands
"""


def round_command(case: Case, side: str, folder: Path, number: int) -> Command:
    """The command of a side's round `number`; files that it reads are written into `folder` now, before its time begins."""
    return COMMANDS[case.name, side](case, folder, number)


def _help(case: Case, folder: Path, number: int) -> Command:
    return Command((*STEPLADDER, "--help"), folder)


def _config_error(case: Case, folder: Path, number: int) -> Command:
    path = folder / "misspelt.toml"
    path.write_text(tomli_w.dumps({"data": {"kind": "pydoc"}, "model": {"kind": "language_model", "laers": 2}}), encoding="utf-8")
    return Command((*STEPLADDER, "train", str(path)), folder, exit_code=2)


def _first_step(case: Case, cache: Path) -> Command:
    return Command((PYTHON, "-m", "research.bench.ours.first_step", case.name), cache)


def _table(case: Case, folder: Path, number: int) -> Command:
    assert isinstance(case.sizes, SweepSizes)
    path = folder / "table.toml"
    path.write_text(tomli_w.dumps(sweep_tree(case.sizes)), encoding="utf-8")
    return Command((*STEPLADDER, "sweep", str(path), "--runs", str(folder / f"runs-{number}")), folder / f"table-{number}")


def _torch_table(case: Case, folder: Path, number: int) -> Command:
    assert isinstance(case.sizes, SweepSizes)
    words = json.dumps(case.sizes._asdict() | {"model": case.sizes.model._asdict()})
    return Command((PYTHON, "-m", "research.bench.peers.torch_table", words), folder)


COMMANDS: dict[tuple[str, str], Callable[[Case, Path, int], Command]] = {
    ("cold_start/help", "ours"): _help,
    ("cold_start/config_error", "ours"): _config_error,
    ("cold_start/import", "ours"): lambda case, folder, number: Command((PYTHON, "-c", IMPORT_OURS), folder),
    ("cold_start/import", "torch"): lambda case, folder, number: Command((PYTHON, "-c", "import torch"), folder),
    ("cold_start/first_step_cold", "ours"): lambda case, folder, number: _first_step(case, folder / f"cold-{number}"),
    ("cold_start/first_step_warm", "ours"): lambda case, folder, number: _first_step(case, folder / "warm"),
    ("cold_start/first_step_warm", "ours_cold"): lambda case, folder, number: _first_step(case, folder / f"cold-{number}"),
    ("table/small", "ours"): _table,
    ("table/small", "torch"): _torch_table,
}
