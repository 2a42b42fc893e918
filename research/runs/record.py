"""A run as it was kept: its config, numbers and what made it, read when they are asked for, without jax, data or checkpoints."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from research.config.errors import StepladderError
from research.config.loader import config_from_tree
from research.config.plain import Json, Tree, table
from research.config.schema import Config
from research.runs import store
from research.runs.damaged_files import damaged_file, unreadable_file
from research.runs.environments import run_environments
from research.runs.records import Result

if TYPE_CHECKING:
    import numpy as np

Column = list[Json]
Curves = Mapping[str, Mapping[str, Column]]


@dataclass(frozen=True)
class Record:
    """One run: a cell and a seed. Reading what is not there gives nothing; what is damaged raises StepladderError."""

    cell_id: str
    seed: int
    folder: Path  # the seed's

    @property
    def status(self) -> str:
        """What its files and its lock say: see `status_of`."""
        return store.status_of(self.folder)

    @cached_property
    def config_tree(self) -> Tree:
        """config.toml as plain tables. Raises StepladderError where there is none."""
        path = self.folder.parent / "config.toml"
        try:
            return tomllib.loads(store.read_text_file(path))
        except FileNotFoundError:
            raise damaged_file(path, "is not there, so what this run is cannot be told") from None
        except (ValueError, RecursionError) as error:
            raise damaged_file(path, f"is not the TOML that was written ({error})") from None
        except OSError as error:
            raise unreadable_file(path, error) from None

    @cached_property
    def config(self) -> Config:
        """The config in its one spelling."""
        return config_from_tree(self.config_tree, str(self.folder.parent / "config.toml"))

    @cached_property
    def result(self) -> Result:
        """result.json with what test.json adds; empty where the run gave none."""
        return store.read_result(self.folder) or Result()

    @property
    def metrics(self) -> Mapping[str, Mapping[str, float | None]]:
        """Its numbers by split and name."""
        return self.result.get("metrics", {})

    @cached_property
    def curves(self) -> Curves:
        """metrics.jsonl as columns, by split: as long as the split has lines, None where a line lacks the number."""
        lines = store.read_metrics(self.folder / "metrics.jsonl")
        splits = dict.fromkeys(str(line.get("split", "")) for line in lines)
        return {split: _columns([line for line in lines if str(line.get("split", "")) == split]) for split in splits}

    @cached_property
    def items(self) -> "Mapping[str, np.ndarray]":
        """What was scored of each item of the test split: see `read_items`."""
        return store.read_items(self.folder) or {}

    @cached_property
    def environments(self) -> tuple[Mapping[str, Json], ...]:
        """Of each part of the run, in order: the code, packages and device that made it."""
        return run_environments(self.folder) or run_environments(self.folder.parent)

    @cached_property
    def vocabulary(self) -> Tree | None:
        """vocabulary.json; None where it is not there, as in a record that came in a pack."""
        return cast("Tree | None", store.read_json(self.folder.parent / "vocabulary.json"))

    @property
    def data_digest(self) -> str | None:
        """The digest of its data; None of a run that was made before it was kept."""
        return cast("str | None", table(store.read_json(self.folder.parent / "cell.json")).get("data"))

    @property
    def analysis_files(self) -> tuple[Path, ...]:
        """What was measured with its model after training."""
        return tuple(sorted(path for path in (self.folder / "analysis").rglob("*") if path.is_file()))


def open_record(runs_dir: Path, name: str) -> Record:
    """The run of a path or of a prefix of a cell_id, each with an optional `/seed`; without one, its first seed.

    Raises StepladderError for a run that is not there.
    """
    run = store.find_run(Path(runs_dir), name)
    seed = run.seed if run.seed is not None else next(iter(store.seeds_of(run.folder)), None)
    if seed is None:
        raise StepladderError(f"{run.folder} has no seed that was begun. `stepladder runs` lists what is there.")
    return Record(run.cell_id, seed, run.folder / f"seed-{seed}")


def _columns(lines: Sequence[Mapping[str, Json]]) -> dict[str, Column]:
    names = dict.fromkeys(name for line in lines for name in line if name != "split")
    return {name: [line.get(name) for line in lines] for name in names}
