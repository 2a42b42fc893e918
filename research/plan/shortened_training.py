"""The program that trains a cell, and whether a trial that halving shortens can be trained for so short."""

from research.config.errors import StepladderError
from research.config.halving import training_text
from research.config.schema import Config
from research.data.dataset import Dataset
from research.plan.planned_cell import PlannedCell
from research.plan.programs import program_of, training_steps
from research.train.optimiser import check_schedule
from research.train.update import Program


def training_program(cell: PlannedCell, config: Config, data: Dataset) -> Program:
    """The training program. Raises StepladderError where its schedule, or of a shortened trial its validations, do not fit its steps."""
    if cell.shortened:
        _check_shortened(cell, config, data)
    return program_of(config, data)


def _check_shortened(cell: PlannedCell, config: Config, data: Dataset) -> None:
    steps, per_epoch = training_steps(config, data)
    try:
        check_schedule(config.optim.schedule, steps, per_epoch)
    except StepladderError as error:
        raise _refusal(cell, str(error)) from None
    if config.train.evaluations > steps:
        raise _refusal(cell, f"train.evaluations = {config.train.evaluations} are more than its {steps} steps.")


def _refusal(cell: PlannedCell, reason: str) -> StepladderError:
    assert cell.rung is not None
    return StepladderError(
        f"The row {cell.row_name} cannot be halved: its trials begin with {training_text(cell.rung.duration)}, and there {reason} "
        "Train the row for longer, try fewer values, or take halving out of its tune."
    )
