"""A plan before it is run: config, shapes, parameters, FLOPs, memory and predicted time."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax.tree_util import keystr, tree_leaves_with_path
from rich.console import Console
from rich.table import Table
from rich.text import Text

from research.config.merge import Dropped
from research.config.schema import Config
from research.config.serialise import to_toml, to_tree
from research.config.unicode import visible_text
from research.config.value_labels import row_label
from research.data.batch_arrays import Arrays
from research.data.dataset import Dataset
from research.data.loading import load_dataset
from research.data.split_memory import belongs_on_host, device_arrays, host_arrays
from research.execute.alive import expected_runs, runs_of_whole_grid
from research.execute.jobs import read_plan_states
from research.execute.local import pending_runs
from research.execute.predicted import seconds_left
from research.execute.progress import format_clock
from research.models import MODELS
from research.nn.mixers import MIXERS
from research.nn.score_functions import MLP_LIMIT
from research.plan.build_manifest import work_plan_of
from research.plan.planned_cell import PlannedCell
from research.plan.programs import program_of
from research.plan.resolve_plan import Plan
from research.plan.work_plan import WorkPlan
from research.tasks.position_scores import LOGITS_LIMIT, block_size
from research.train import lanes
from research.train.batch_source import HostSource, StackedBatches, zero_batches
from research.train.update import Program, abstract_state, train_until

UNOPTIMISED: dict[str, str | bool] = {"xla_backend_optimization_level": "0"}  # of machine code, which follows the plan of memory


def plan_data(plan: Plan, runs_dir: Path, data_dir: Path | None) -> dict[str, Any]:
    """What `show --json` prints."""
    work = work_plan_of(plan)
    if lanes.cores_per_lane() == 1:  # nobody has said otherwise
        lanes.use_cores_per_lane(work.cores)
    states = read_plan_states(work, runs_dir)
    all_runs, runs = (expected_runs(work, states, of) for of in (work.runs, pending_runs(work, states)))
    trained = [run for run in all_runs if work.by_id[run.cell_id].program]
    return {
        "name": plan.name,
        "cells": [_cell_data(row, data_dir) for row in plan.rows],
        "runs": len(all_runs),
        "trained_runs": len(trained),
        "programs": len({work.by_id[run.cell_id].program for run in trained}),
        "to_do": len(runs),
        "predicted_seconds": seconds_left(work, all_runs, runs_dir),
        "predicted_seconds_to_do": seconds_left(work, runs, runs_dir),
        **_whole_grid_data(work, runs_dir),
    }


def _whole_grid_data(work: WorkPlan, runs_dir: Path) -> dict[str, Any]:
    """What all trials in full would be and cost; nothing where no row is halved."""
    if not any(choice.rungs for choice in work.choices):
        return {}
    runs = runs_of_whole_grid(work)
    return {"whole_grid": {"runs": len(runs), "predicted_seconds": seconds_left(work, runs, runs_dir)}}


def print_plan(plan: Plan, runs_dir: Path, data_dir: Path | None) -> None:
    """For a person: one cell in full, or a line for each of many."""
    console, data = Console(highlight=False), plan_data(plan, runs_dir, data_dir)
    cells = list(plan.rows)
    if len(cells) == 1 and cells[0].config:
        _print_cell(console, cells[0].config, plan, data_dir)
    console.print(_table(cells, data_dir))
    for line in (*coverage_lines(plan), *advice_lines(plan), *filter(None, [plan.matched])):
        console.print(line)
    console.print(
        f"{data['runs']} runs, {data['trained_runs']} of them trained by {data['programs']} programs; {data['to_do']} to do: about "
        f"{format_clock(data['predicted_seconds_to_do'])} on {lanes.lane_count(data['runs'])} workers "
        f"({format_clock(data['predicted_seconds'])} for all)"
    )
    if grid := data.get("whole_grid"):
        console.print(
            f"halving: {data['runs']} runs, about {format_clock(data['predicted_seconds'])}; all values in full would be "
            f"{grid['runs']} runs, about {format_clock(grid['predicted_seconds'])}"
        )


def coverage_lines(plan: Plan) -> list[str]:
    """What the word vectors that cells begin with cover, a line for each file and vocabulary."""
    lines = []
    for facts in (cell.facts for cell in plan.cells if "embeddings" in cell.facts):
        file, extra = facts["embeddings"], facts["extra"]
        lines.append(
            f"{file['file']} has vectors for {file['covered']:,} of {file['types']:,} types ({100 * extra['covered_types']:.1f} %), "
            f"{100 * extra['covered_tokens']:.1f} % of what training reads; the others begin as they are drawn"
        )
    return list(dict.fromkeys(lines))


def advice_lines(plan: Plan) -> list[str]:
    """What is to be told before the first run, each once."""
    return list(dict.fromkeys(line for cell in plan.cells for line in cell.facts.get("advice", ())))


def _print_cell(console: Console, config: Config, plan: Plan, data_dir: Path | None) -> None:
    """A cell's whole config, who says what of it, what its data are, and the shape of every parameter."""
    console.print(to_toml(config, defaults=True))
    for origin in dict.fromkeys(plan.loaded.origin.values()):
        keys = sorted(key for key, source in plan.loaded.origin.items() if source == origin)
        console.print(f"from {origin}: {', '.join(keys)}")
    console.print(f"data: {load_dataset(config.data, data_dir).description}\n")
    if config.trained:
        program = program_of(config, load_dataset(config.data, data_dir))
        for path, leaf in tree_leaves_with_path(abstract_state(program)[1].params):
            console.print(f"{keystr(path, simple=True, separator='.'):<48} {' x '.join(map(str, leaf.shape)) or 'scalar'}")
        peak_bytes = _training_bytes(program, load_dataset(config.data, data_dir), config)
        console.print(f"\ntraining holds {peak_bytes / 2**20:,.0f} MB at its peak, by XLA's count")
        positions = config.data.length if config.data.reads == "text" else load_dataset(config.data, data_dir).train.where.shape[1]  # type: ignore[union-attr]
        if block_size(config.train.batch_size * positions, program.sizes.vocabulary) < program.sizes.vocabulary:
            console.print(f"logits are made in blocks of the vocabulary: a batch has more than {LOGITS_LIMIT:,}, and they are made twice")
        if any(MIXERS[type(mixer)].in_blocks(mixer) for mixer in MODELS[type(config.model)].observed_mixers(config.model)):
            console.print(f"the mlp score is computed in blocks of keys above {MLP_LIMIT:,} numbers")


def _training_bytes(program: Program, data: Dataset, config: Config) -> int:
    """Of one run: arguments, results and temporaries of the compiled update loop."""
    member, state = abstract_state(program)
    arrays = jax.eval_shape(partial(_training_arrays, config, data))
    until = jax.ShapeDtypeStruct((), jnp.int32)
    lowered = jax.jit(partial(train_until, program), donate_argnums=1).lower(member, state, arrays, until)
    memory: Any = lowered.compile(UNOPTIMISED if jax.default_backend() == "cpu" else None).memory_analysis()
    return int(memory.argument_size_in_bytes + memory.temp_size_in_bytes + memory.output_size_in_bytes - memory.alias_size_in_bytes)


def _training_arrays(config: Config, data: Dataset) -> Arrays | StackedBatches:
    """What is on the device: the split, or the batches of one call where it stays on the host."""
    if belongs_on_host(data.train):
        return zero_batches(config, HostSource(host_arrays(data.train), config.run.log_every))
    return device_arrays(data.train, config.train.buckets)


def dropped_lines(plan: Plan) -> list[str]:
    """What a choice of kind has left without meaning, a line for the command and one for the cells that drop the same."""
    cells: dict[str, list[str]] = {}
    for cell in plan.places:
        if cell.dropped and cell.shown:
            cells.setdefault(_dropped_text(cell.dropped), []).append(row_label(cell.labels))
    base = [_dropped_text(plan.loaded.dropped)] if plan.loaded.dropped else []
    return base + [f"{'; '.join(dict.fromkeys(labels))}: {text}" for text, labels in cells.items()]


def _dropped_text(dropped: Iterable[Dropped]) -> str:
    values_by_choice: dict[str, list[str]] = {}
    for assignment in dropped:
        values_by_choice.setdefault(assignment.by, []).append(f"{assignment.key} = {assignment.value}")
    return "; ".join(f"dropped with {choice}: {', '.join(dict.fromkeys(values))}" for choice, values in values_by_choice.items())


def memory_bytes(cell: PlannedCell) -> int | None:
    """Parameters, gradient, the optimiser's two copies and the best so far, in float32, of one run; activations come on top."""
    return 5 * 4 * cell.facts["params"]["total"] if "params" in cell.facts else None


def _cell_data(cell: PlannedCell, data_dir: Path | None) -> dict[str, Any]:
    if cell.config is None:
        return {"labels": cell.labels, "state": "cannot", "reason": cell.reason}
    return {
        "cell_id": cell.cell_id,
        "labels": cell.labels,
        "config": to_tree(cell.config),
        "seeds": list(cell.seeds),
        **cell.facts,
        "memory_bytes": memory_bytes(cell),
        "predicted_seconds": cell.predicted_seconds,
        "data": load_dataset(cell.config.data, data_dir).description,
    }


def _table(cells: list[PlannedCell], data_dir: Path | None) -> Table:
    table = Table("cell", "row", "seeds", "parameters", "FLOPs/token", "memory", "s/run", box=None, pad_edge=False)
    for cell in cells:
        row = Text(visible_text(row_label({**cell.labels, **cell.tuned, **cell.shortened})))
        if cell.config is None:
            table.add_row("", row, "cannot", Text(visible_text(cell.reason or "")))
            continue
        counts, memory = cell.facts.get("params"), memory_bytes(cell)
        table.add_row(
            cell.cell_id,
            row,
            str(len(cell.seeds)),
            f"{counts['total']:,}" if counts else "counted",
            f"{cell.facts['flops_per_token']:,.0f}" if counts else "",
            f"{memory / 2**20:.0f} MB" if memory else "",
            f"{cell.predicted_seconds:.1f}",
        )
    return table
