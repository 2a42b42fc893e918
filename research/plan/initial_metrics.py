"""What is measured of a cell before it is trained, where its table asks for it: columns named `extra.<name>`."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from research.config.schema import Config
from research.data.dataset import Dataset
from research.data.eval_batches import eval_batches
from research.data.loading import load_dataset
from research.models.observe import logit_deviation
from research.plan.planned_cell import PlannedCell
from research.plan.programs import program_of
from research.plan.resolve_plan import Plan
from research.runs.readable_manifests import readable_manifest
from research.runs.sweep_manifest import launched_path
from research.train.initial_vectors import load_initial_vectors
from research.train.optimiser import traced_hyperparameters
from research.train.update import Member, jitted_initial_state


def with_initial_metrics(plan: Plan, runs_dir: Path, data_dir: Path | None) -> Plan:
    """The plan; its cells have under `facts["extra"]` what the table asks for of INITIAL. What an older manifest knows is read from it."""
    sweep = plan.loaded.sweep
    names = [name for name in INITIAL if sweep and f"extra.{name}" in (sweep.metric, *sweep.table.metrics)]
    if not names:
        return plan
    old_manifest = readable_manifest(launched_path(plan.loaded, runs_dir)) or {"cells": []}
    measured = {cell["cell_id"]: cell.get("extra", {}) for cell in old_manifest["cells"]}
    return replace(plan, cells=tuple(_with_extra(cell, names, measured.get(cell.cell_id, {}), data_dir) for cell in plan.cells))


def _with_extra(cell: PlannedCell, names: list[str], measured: dict[str, float], data_dir: Path | None) -> PlannedCell:
    if cell.config is None or not cell.config.trained:
        return cell
    data = load_dataset(cell.config.data, data_dir)
    extra = {name: measured[name] if name in measured else INITIAL[name](cell.config, data) for name in names}
    return replace(cell, facts=cell.facts | {"extra": cell.facts.get("extra", {}) | extra})


def initial_logit_deviation(config: Config, data: Dataset) -> float:
    """Of the first seed's initial parameters on the first batch of validation."""
    program = program_of(config, data)
    rate, decay = traced_hyperparameters(config.optim)
    member = Member(jnp.uint32(config.seeds[0]), jnp.float32(rate), jnp.float32(decay))
    length, stride = (config.eval_length, config.eval_stride) if config.data.reads == "text" else (1, 1)
    batches = eval_batches(config.data, config.eval, data.valid, data.eos, length, stride)[0]
    first = jax.tree.map(lambda leaf: leaf[0], batches)
    params = load_initial_vectors(config, jitted_initial_state(program, config.model, member).params, data.vocabulary)
    return logit_deviation(program.config.model, params, first)


INITIAL: dict[str, Callable[[Any, Any], float]] = {"logit_deviation": initial_logit_deviation}
