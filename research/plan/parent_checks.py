"""Whether a cell can start from the runs that it names: their seeds, their vocabulary and their shapes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import jax
from jaxtyping import PyTree

from research.config.errors import StepladderError
from research.config.schema import Config
from research.data.loading import load_dataset
from research.models.warm_start import inherited_part
from research.plan.cell_record import open_cell
from research.plan.planned_cell import PlannedCell
from research.runs import store
from research.runs.trial_choice import Choice, parse_reference
from research.tasks.parameters import init_params
from research.tasks.registry import model_sizes
from research.train import checkpoint
from research.train.frozen import check_freeze


def check_start(cell: PlannedCell, cells: Sequence[PlannedCell], runs_dir: Path, data_dir: Path | None) -> None:
    """A run that starts from another has its vocabulary and its shapes, and what it freezes is there."""
    if cell.config is None or cell.config.init is None or cell.config.pooled:
        return
    shapes = _shapes(cell.config, data_dir)
    if cell.config.init.source is not None:
        _check_parent(cell, cells, shapes, runs_dir, data_dir)
    check_freeze(cell.config, shapes)


def _check_parent(cell: PlannedCell, cells: Sequence[PlannedCell], shapes: PyTree, runs_dir: Path, data_dir: Path | None) -> None:
    """Each parent has the seeds and the shapes that the cell starts from. `shapes`: of the cell's parameters."""
    assert cell.config is not None
    child, source = cell.config, cell.parents[0]
    if not source:
        raise StepladderError(f"The row {cell.row_name} starts from a row that cannot be. Leave it out, or let it start from another.")
    choice = parse_reference(source)
    for parent_id in _runnable_trials(choice, cells, runs_dir) if choice else (source,):
        planned = next((other for other in cells if other.cell_id == parent_id), None)
        folder = store.cell_folder(runs_dir, parent_id)
        parent = planned.config if planned and planned.config else open_cell(folder, data_dir).config
        _check_seeds(cell, parent_id, planned.seeds if planned else _usable_seeds(folder))
        _check_fits(child, parent, parent_id, shapes, data_dir)


def _runnable_trials(choice: Choice, cells: Sequence[PlannedCell], runs_dir: Path) -> Sequence[str]:
    """The trials in full of which one is the parent. Of a row of another sweep that was halved, some were never run."""
    planned = {cell.cell_id for cell in cells}
    there = [trial for trial in choice.finalists if trial in planned or store.cell_folder(runs_dir, trial).exists()]
    return there if choice.rungs and there else choice.finalists


def _check_fits(child: Config, parent: Config, source: str, child_shapes: PyTree, data_dir: Path | None) -> None:
    if not parent.trained:
        raise StepladderError(f"init.from = {source!r} is no trained run ({parent.model.kind}), so it has no parameters to start from.")
    if load_dataset(parent.data, data_dir).vocabulary != load_dataset(child.data, data_dir).vocabulary:
        raise StepladderError(f"init.from = {source!r} was trained on another vocabulary, so its embedding would stand for other symbols.")
    if mismatches := checkpoint.mismatches(*_inherited_shapes(child, parent, child_shapes, _shapes(parent, data_dir))):
        raise StepladderError(f"init.from = {source!r} is not of this model: {'; '.join(mismatches)}. Give this cell the parent's [model].")


def _inherited_shapes(child: Config, parent: Config, child_shapes: PyTree, parent_shapes: PyTree) -> tuple[PyTree, PyTree]:
    """What is taken over, and its place: everything, or what the entry of this pair of models says."""
    start = inherited_part(parent, child)
    if start is None:
        return parent_shapes, child_shapes
    if reason := start.unfit(child.model):
        raise StepladderError(reason)
    return jax.eval_shape(start.part, parent_shapes, child_shapes), start.place(child_shapes)


def _usable_seeds(folder: Path) -> tuple[int, ...]:
    """The seeds of a cell outside the plan that are done, or that another process is at."""
    return tuple(
        seed for seed in store.seeds_of(folder) if store.status_of(folder / f"seed-{seed}") in (*store.TRAINED_STATUSES, "running")
    )


def _check_seeds(cell: PlannedCell, parent: str, present: tuple[int, ...]) -> None:
    """Every seed has the parent's seed that it starts from."""
    needed = cell.seeds if cell.parent_seed is None else (cell.parent_seed,)
    if missing := [seed for seed in needed if seed not in present]:
        available = f"has the seeds {', '.join(map(str, present))}" if present else "has no seed that is done"
        start = f'init.from = "{parent}/{present[0]}"' if present else "a parent that is done"
        raise StepladderError(
            f"{cell.row_name or cell.cell_id} starts from {parent}, which {available}, and needs {', '.join(map(str, missing))}, as "
            f"seed k starts from seed k. Train these seeds of it first, or start all from one with {start}."
        )


def _shapes(config: Config, data_dir: Path | None) -> PyTree:
    return jax.eval_shape(partial(init_params, config, model_sizes(config, load_dataset(config.data, data_dir))), jax.random.key(0))
