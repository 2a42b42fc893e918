"""The cells that a cell of a plan is made of: the parts of a mixture, the folds of a row."""

from dataclasses import replace

from pydantic import ValidationError

from research.config.cell_identity import cell_id
from research.config.cell_inputs import with_vector_checksum
from research.config.errors import StepladderError
from research.config.model_facts import model_facts
from research.config.resolve import canonical_config
from research.config.schema import Config, Model
from research.plan.cell_record import file_checksums
from research.plan.parents import parts_of
from research.plan.planned_cell import PlannedCell


def parts_of_cell(cell: PlannedCell) -> tuple[PlannedCell, ...]:
    """The cells that an interpolation is made of: its own data, training and seeds, and one model each; or those of a row of folds."""
    if cell.config is None:
        return ()
    if cell.config.pooled:
        return folds_of_row(cell)
    configs = tuple(part_config(cell.config, part) for part in parts_of(cell.config) if not isinstance(part, str))
    return tuple(
        PlannedCell({}, canonical_config(config), cell_id=cell_id(config, cell.data_digest), data_digest=cell.data_digest, shown=False)
        for config in configs
    )


def folds_of_row(cell: PlannedCell) -> tuple[PlannedCell, ...]:
    """The cells of a row of folds, each of which starts as the row says."""
    assert cell.config is not None
    cells = []
    for number in range(cell.config.data.fold_count):
        config = fold_config(cell.config, number)
        labels = cell.labels | {"fold": f"fold {number}"}
        identity = cell_id(with_vector_checksum(config, file_checksums(config, None)), cell.data_digest)
        cells.append(replace(cell, labels=labels, config=config, cell_id=identity, dropped=(), shown=False))
    return tuple(cells)


def fold_config(config: Config, number: int) -> Config:
    """The config of one fold of a row."""
    return config.model_copy(update={"data": config.data.model_copy(update={"fold": number})})


def part_config(config: Config, part: Model) -> Config:
    """The config of one part of an interpolation. Raises StepladderError where the part cannot be trained on the whole's data."""
    excluded = ("model", *model_facts(part).meaningless)
    fields = {name: getattr(config, name) for name in config.model_fields_set if name not in excluded}
    try:
        return Config(**fields, model=part)
    except ValidationError as error:
        raise StepladderError(f"The part {part.kind} of model.kind = interpolation cannot be: {error.errors()[0]['msg']}.") from None


def part_id(config: Config, part: Model, data_digest: str) -> str:
    """The cell_id of one part of an interpolation."""
    return cell_id(part_config(config, part), data_digest)
