"""The one way in which a finished run is opened: its config, its data compared with those that made it, and its parameters."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from research.config.errors import StepladderError
from research.config.loader import read_config
from research.config.schema import Config
from research.data.dataset import Dataset, TextSplit
from research.data.loading import load_dataset
from research.plan.cell_record import code_version_notes, open_cell
from research.runs import store
from research.runs.checksums import verify_record
from research.runs.record import Record
from research.text.vocabulary import Vocabulary
from research.text.vocabulary_serialisation import vocabulary_from_plain
from research.use.finished_kinds import learned_by
from research.use.finished_run import FinishedRun


@dataclass(frozen=True, eq=False)
class OpenRun:
    """A run that is done. `notes`: what its reader is to know, such as that an older code made it."""

    cell_id: str
    seed: int
    folder: Path  # the seed's
    config: Config
    data: Dataset
    notes: tuple[str, ...]
    data_dir: Path | None

    @property
    def vocabulary(self) -> Vocabulary:
        return self.data.vocabulary

    @cached_property
    def parameters(self) -> Any:
        """Of a trained run the parameters that it kept; of another what was counted or fitted. Read when they are first asked for."""
        return learned_by(self.config, self.data, self.folder, self.data_dir)

    @property
    def record(self) -> Record:
        """What it found, and what made it."""
        return Record(self.cell_id, self.seed, self.folder)

    @property
    def finished(self) -> FinishedRun:
        """As what uses its model reads it."""
        return FinishedRun(self.config, self.data, self.parameters)


def open_run(runs_dir: Path, name: str, data_dir: Path | None) -> OpenRun:
    """The run of a path or of a prefix of a cell_id, each with an optional `/seed`; without one, of the first seed that is done.

    Raises StepladderError for a run that is not there or not done, for one of whose files the checksum is another, and where its data are
    not those that made it.
    """
    run, seed = _finished_run(runs_dir, name)
    cell = open_cell(run.folder, data_dir)
    return OpenRun(run.cell_id, seed, run.folder / f"seed-{seed}", cell.config, cell.data, cell.notes, data_dir)


def open_for_text(runs_dir: Path, name: str, data_dir: Path | None) -> OpenRun:
    """As `open_run`, for what reads free text: where the data cannot be read, the vocabulary that the run kept stands in."""
    run, seed = _finished_run(runs_dir, name)
    record, vocabulary = (store.read_json(run.folder / file) for file in ("cell.json", "vocabulary.json"))
    config = read_config(run.folder / "config.toml")
    problem = _problem(config, data_dir)
    if record is None or vocabulary is None or problem is None or config.data.reads != "text":
        return open_run(runs_dir, name, data_dir)
    note = f"The data of {run.cell_id} cannot be read, so the vocabulary that it kept is used. {problem}"
    notes = (note, *code_version_notes(run.folder, config, record))
    data = _dataset_without_texts(vocabulary_from_plain(vocabulary), record["data"])
    return OpenRun(run.cell_id, seed, run.folder / f"seed-{seed}", config, data, notes, data_dir)


def first_run(entry: dict[str, Any], runs_dir: Path, data_dir: Path | None) -> OpenRun | None:
    """Of a cell of a manifest the first seed that is done; None where none is."""
    seed = first_finished_seed(store.cell_folder(runs_dir, entry["cell_id"]), entry["seeds"])
    return None if seed is None else open_run(runs_dir, f"{entry['cell_id']}/{seed}", data_dir)


def first_finished_seed(folder: Path, seeds: Iterable[int]) -> int | None:
    """The first of these seeds of a cell's folder whose parameters are there."""
    return next((seed for seed in seeds if store.status_of(folder / f"seed-{seed}") in store.TRAINED_STATUSES), None)


def _finished_run(runs_dir: Path, name: str) -> tuple[store.RunReference, int]:
    run = store.find_run(runs_dir, name)
    seeds = store.seeds_of(run.folder) if run.seed is None else (run.seed,)
    seed = first_finished_seed(run.folder, seeds)
    if seed is None:
        states = ", ".join(f"seed {seed}: {store.status_of(run.folder / f'seed-{seed}')}" for seed in seeds) or "no seed was begun"
        raise StepladderError(f"{run.folder} is not done ({states}), so it has nothing to be used; run it to its end first.")
    verify_record(run.folder / f"seed-{seed}")
    return run, seed


def _problem(config: Config, data_dir: Path | None) -> str | None:
    """Why data cannot be read; None where they can."""
    try:
        load_dataset(config.data, data_dir)
    except StepladderError as error:
        return str(error)
    return None


def _dataset_without_texts(vocabulary: Vocabulary, digest: str) -> Dataset:
    """A dataset without texts."""
    empty_split = TextSplit(np.zeros(0, np.int32), np.zeros(0, np.int32))
    return Dataset(vocabulary, empty_split, empty_split, empty_split, digest, vocabulary.eos, {})
