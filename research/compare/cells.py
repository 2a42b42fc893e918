"""From a manifest and the runs on disk to the cells of a table: statuses, results, and the value of `tune` that validation picked."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from research.compare.cell_labels import label_text, value_text
from research.compare.statistics import NO_ITEMS, ScoredSplit, SeedItems, read_run_items
from research.compare.trials import TrialResult
from research.config.errors import StepladderError
from research.config.halving import Rung, rungs_text
from research.config.plain import Json
from research.config.sweep import Sweep
from research.runs.inspection import DAMAGED, inspect_run
from research.runs.measures import base_name, metric_value, on_validation
from research.runs.records import CellEntry, Result
from research.runs.run_state import RunId, RunState
from research.runs.store import cell_folder, read_items, read_prompt_items, seed_folder
from research.runs.sweep_manifest import reading_entries
from research.runs.trial_choice import alive_trials, best_trial, choice_among, chosen_trial, expected_trials

if TYPE_CHECKING:
    import numpy as np

Manifest = dict[str, Any]
STATUSES = ("done", "trained", "running", "stopped", "diverged", "failed", DAMAGED, "not run")


@dataclass(frozen=True)
class Cell:
    """One cell of a table with all that is known of its seeds."""

    cell_id: str
    labels: Mapping[str, Json]
    config: Mapping[str, Json]
    folder: Path
    seeds: tuple[int, ...]
    deterministic: bool
    cannot: str  # the reason why it cannot be run, or ""
    params: Mapping[str, int]
    flops_per_token: float | None
    statuses: Mapping[int, str]  # by seed
    messages: Mapping[int, str]
    results: Mapping[int, Result]  # of the seeds that are trained or done; without test metrics where they are not done
    items: SeedItems = NO_ITEMS  # of the test split
    prompts: SeedItems = NO_ITEMS
    tuned: Mapping[str, Json] = field(default_factory=dict)  # the values that were picked
    trials: int = 1  # how many values were tried
    trial_values: tuple[TrialResult, ...] = ()  # of a tuned row, every trial; where it is halved those that are run
    rung: Rung | None = None  # of a row that is halved
    rungs: str = ""  # of such a row: how many values are trained for how long
    trials_to_run: int = 0  # of such a row, over all rungs
    extra: Mapping[str, int | float] = field(default_factory=dict)  # measured before training: `extra.<name>`
    lacks: Mapping[str, str] = field(default_factory=dict)  # metrics that it cannot have, and why
    damaged: Mapping[int, tuple[str, ...]] = field(default_factory=dict)  # by seed, files that are not what the run wrote

    @property
    def tried(self) -> tuple[Mapping[str, Json], ...]:
        """The values of every trial of a tuned row."""
        return tuple(trial.values for trial in self.trial_values)

    @property
    def ended_trials(self) -> str:
        """How many trials have come to their end, of how many that are to be run."""
        return f"{sum(trial.over for trial in self.trial_values)} of {self.trials_to_run or self.trials}"

    @property
    def open_trials(self) -> int:
        """How many trials have seeds that have not come to their end."""
        return sum(not trial.over for trial in self.trial_values)

    def values(self, metric: str) -> dict[int, float]:
        """The metric of every seed that is done and has it."""
        values = {seed: _measure(self, result, base_name(metric)) for seed, result in self.results.items()}
        return {seed: value for seed, value in values.items() if value is not None}

    def scored(self, split: str, seeds: Sequence[int] | None = None) -> ScoredSplit:
        """What is known of the split, or of the `prompts`, that its runs were scored on; items are of `test` and of prompts alone.

        Items are averaged over `seeds`, by default all that are done; None where one of them has none.
        """
        digests: Mapping[str, str] = next(
            (splits[split] for result in self.results.values() if split in (splits := result.get("scored_on", {}))), {}
        )
        items = {"test": self.items, "prompts": self.prompts}.get(split, NO_ITEMS)
        return ScoredSplit(digests.get("text"), digests.get("targets"), items.average(tuple(self.results if seeds is None else seeds)))

    def counts(self) -> dict[str, int]:
        """How many seeds are done, failed, ..., in that order, without those that are none."""
        counts = Counter(self.statuses.values())
        return {status: counts[status] for status in STATUSES if counts[status]}

    def fixed(self, name: str) -> float | None:
        """What is known of a cell before any run: its parameters, FLOPs, trials, and what was measured before training."""
        prefix, _, suffix = name.partition(".")
        value: float | None = self.trials if name == "trials" else self.params.get(suffix or "total") if prefix == "params" else None
        value = self.extra.get(suffix) if prefix == "extra" else value
        value = self.flops_per_token if name == "flops_per_token" else value
        return None if value is None else float(value)


def _measure(cell: Cell, result: Result, metric: str) -> float | None:
    """Of a run. What a counted model costs is known after it was counted, so it stands in the result and not in the manifest."""
    if metric == "training_flops":
        tokens, flops = metric_value(result, "tokens_seen"), _measure(cell, result, "flops_per_token")
        return None if tokens is None or flops is None else 3 * flops * tokens
    fixed = cell.fixed(metric)
    return metric_value(result, metric) if fixed is None else fixed


class TableAxes(NamedTuple):
    """Which axes of a sweep are its rows and columns."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]


def read_spec(manifest: Manifest) -> Sweep:
    """The [sweep] table that the manifest was made from."""
    try:
        return Sweep.model_validate_json(json.dumps(manifest["spec"]))
    except ValidationError as error:
        raise StepladderError(
            f"The spec in the manifest {manifest['name']}-{manifest['hash']}.json is none that was written "
            f"({error.errors()[0]['msg']}). The command that launched the sweep writes it anew."
        ) from None


def selection_metric(spec: Sweep) -> str:
    """The metric of validation that chooses among the values of `tune`."""
    return spec.select or on_validation(spec.metric)


def axes_of(manifest: Manifest) -> TableAxes:
    """`table.rows` and `table.columns`. Where no cell has the rows' axes (the default is `label`), every other axis is one."""
    table = read_spec(manifest).table
    rows, columns = ((value,) if isinstance(value, str) else tuple(value) for value in (table.rows, table.columns))
    present = dict.fromkeys(key for cell in manifest["cells"] for key in cell["labels"] if key not in (cell.get("tuned") or {}))
    row_axes = rows if any(row in present for row in rows) else tuple(key for key in present if key not in columns)
    return TableAxes(row_axes, columns)


def load_cells(manifest: Manifest, runs_dir: Path) -> tuple[Cell, ...]:
    """The cells of the table, in the manifest's order: one for each set of labels, the best of those that `tune` tried.

    A sweep whose rows and columns do not tell two cells apart is an error.
    """
    groups: dict[str, list[Cell]] = {}
    with reading_entries(f"The manifest of {manifest.get('name')}"):
        select, axes = selection_metric(read_spec(manifest)), axes_of(manifest)
        for entry in manifest["cells"]:
            cell = _read_cell(entry, runs_dir)
            groups.setdefault(json.dumps(cell.labels, sort_keys=True, default=str), []).append(cell)
        cells = tuple(pick_tuned(group, select) for group in groups.values())
    _check_places(cells, axes)
    return cells


def pick_tuned(cells: Sequence[Cell], select: str) -> Cell:
    """Of the cells that differ in tuned values alone, the one with the best mean of `select`, a metric of validation.

    The rule is `best_trial`. Where no trial has a value, the first stands for the row, and nothing was picked. Of a row that is halved it
    is one of the trials in full, and the candidates that were not run are no trials.
    """
    if any(cell.rung for cell in cells):
        return _pick_halved([cell for cell in cells if cell.rung], select)
    best = best_trial({cell.cell_id: list(cell.values(select).values()) for cell in cells}, select)
    chosen = next((cell for cell in cells if cell.cell_id == best), cells[0])
    trial_values = tuple(_trial(cell, select) for cell in cells) if chosen.tuned else ()
    return replace(chosen, trials=len(cells), tuned=chosen.tuned if best else {}, trial_values=trial_values)


def _pick_halved(cells: Sequence[Cell], select: str) -> Cell:
    by_id, rungs = {cell.cell_id: cell for cell in cells}, {cell.cell_id: cell.rung for cell in cells if cell.rung}
    choice = choice_among("", {cell.cell_id: cell.seeds for cell in cells}, rungs, select)
    states = {
        RunId(cell.cell_id, seed): RunState(status, cell.results.get(seed)) for cell in cells for seed, status in cell.statuses.items()
    }
    best, stages, expected = chosen_trial(choice, states), alive_trials(choice, states), expected_trials(choice, states)
    chosen = by_id[best or expected[-1][0]]
    return replace(
        chosen,
        trials=len(choice.stages[0]),
        trials_to_run=sum(map(len, expected)),
        tuned=chosen.tuned if best else {},
        trial_values=tuple(_trial(by_id[cell_id], select) for stage in stages for cell_id in stage),
        rungs=rungs_text(list(map(len, expected)), [rungs[stage[0]].duration for stage in choice.stages]),
    )


def _trial(cell: Cell, select: str) -> TrialResult:
    values, duration = list(cell.values(select).values()), cell.rung.duration if cell.rung else {}
    mean = sum(values) / len(values) if values else None
    return TrialResult(cell.cell_id, cell.tuned, mean, len(values), tuple(cell.statuses.values()), duration)


def _read_cell(entry: CellEntry, runs_dir: Path) -> Cell:
    folder, tuned = cell_folder(runs_dir, entry["cell_id"]), entry.get("tuned") or {}
    seeds = tuple(entry["seeds"][:1] if entry.get("deterministic") else entry["seeds"])
    cannot = (entry.get("reason") or "no reason is given") if entry.get("state") == "cannot" else ""
    runs = {} if cannot else {seed: inspect_run(seed_folder(runs_dir, entry["cell_id"], seed)) for seed in seeds}
    results = {seed: run.result for seed, run in runs.items() if run.result is not None}

    def read_seed_items(read_arrays: Callable[[Path], "Mapping[str, np.ndarray] | None"]) -> SeedItems:
        arrays = {seed: read_arrays(folder / f"seed-{seed}") for seed in results}
        return SeedItems({seed: read_run_items(run_arrays) for seed, run_arrays in arrays.items() if run_arrays is not None})

    return Cell(
        cell_id=entry["cell_id"],
        labels={key: value for key, value in entry["labels"].items() if key not in tuned},
        config=entry.get("config", {}),
        folder=folder,
        seeds=seeds,
        deterministic=bool(entry.get("deterministic")),
        cannot=cannot,
        params=entry.get("params") or {},
        flops_per_token=_float(entry.get("flops_per_token")),
        statuses={seed: run.status for seed, run in runs.items()},
        messages={seed: run.message for seed, run in runs.items()},
        results=results,
        items=read_seed_items(read_items),
        prompts=read_seed_items(read_prompt_items),
        tuned=tuned,
        rung=Rung(**entry["rung"]) if "rung" in entry else None,
        extra=entry.get("extra") or {},
        lacks=entry.get("lacks") or {},
        damaged={seed: run.damaged for seed, run in runs.items() if run.damaged},
    )


def _float(value: float | int | None) -> float | None:
    return None if value is None else float(value)


def _check_places(cells: Sequence[Cell], axes: TableAxes) -> None:
    places: dict[tuple[str, str], Cell] = {}
    for cell in cells:
        place = (label_text(cell.labels, axes.rows), label_text(cell.labels, axes.columns))
        other = places.setdefault(place, cell)
        if other is not cell:
            differing_axes = [axis for axis in cell.labels if value_text(cell.labels[axis]) != value_text(other.labels.get(axis))]
            raise StepladderError(
                f"Two cells have one place in the table ({' | '.join(filter(None, place))}): they differ in "
                f"{', '.join(differing_axes) or 'nothing'}. Name every axis in table.rows, table.columns or tune."
            )
