"""What is known of a cell before it is run: its shapes, its program and its price."""

from dataclasses import replace
from pathlib import Path

from research.config.errors import StepladderError
from research.data.loading import load_dataset
from research.models.count import count_parameters_in, flops_per_token
from research.plan.parents import parts_of
from research.plan.plan_facts import advice_facts, embedding_facts
from research.plan.plan_parts import folds_of_row, part_id
from research.plan.planned_cell import PlannedCell
from research.plan.price import price
from research.plan.programs import program_id
from research.plan.shortened_training import training_program
from research.tasks.language_modelling import unavailable_metrics
from research.tasks.registry import task_of
from research.tasks.sizes import init_sizes
from research.train.update import abstract_state

MOST_PARAMETERS = 10**11


def with_facts(cell: PlannedCell, data_dir: Path | None) -> PlannedCell:
    """The cell with its shapes evaluated, parameters and FLOPs counted, and priced. Raises StepladderError for what only shapes show."""
    assert cell.config is not None
    if cell.config.pooled:
        return replace(cell, parents=tuple(fold.cell_id for fold in folds_of_row(cell)), predicted_seconds=0.1)
    config, data = cell.config, load_dataset(cell.config.data, data_dir)
    if parts := parts_of(config):
        part_ids = tuple(part if isinstance(part, str) else part_id(config, part, data.digest) for part in parts)
        return replace(cell, parents=part_ids, predicted_seconds=0.1)
    if not config.trained:
        return replace(cell, predicted_seconds=price(config, None, data, 0.0))
    program = training_program(cell, config, data)
    counts = count_parameters_in(config.model, abstract_state(program)[1].params)  # a mistake that only shapes show is raised here
    _check_size(cell, counts.total)
    flops = flops_per_token(config.model, *init_sizes(config.model, program.sizes), scored=task_of(config).scored_share(config, data))
    facts = {"params": counts._asdict(), "flops_per_token": flops} | (
        {"lacks": impossible} if (impossible := unavailable_metrics(config)) else {}
    )
    facts |= embedding_facts(config, data) | advice_facts(config, data)
    predicted_seconds = price(config, program, data, flops, counts.total)
    return replace(cell, facts=facts, predicted_seconds=predicted_seconds, program=program_id(program, config, data.digest))


def _check_size(cell: PlannedCell, parameters: int) -> None:
    """Raises StepladderError for a model that no machine holds, of which the compiler's own numbers overflow."""
    if parameters > MOST_PARAMETERS:
        raise StepladderError(
            f"{cell.row_name or cell.cell_id}: a model of {parameters:,} parameters is beyond {MOST_PARAMETERS:,}, more than a "
            "machine holds. Lower model.width, layers or the vocabulary."
        )
