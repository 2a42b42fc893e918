"""Whether the data that a plan was made for are those that are there now."""

from collections.abc import Iterable
from pathlib import Path

from research.config.errors import StepladderError
from research.data.loading import load_dataset
from research.plan.cell_record import file_checksums, inputs_digest
from research.plan.work_plan import WorkPlan


def check_plan_data(plan: WorkPlan, cell_ids: Iterable[str], data_dir: Path | None) -> None:
    """Raises StepladderError where the digest of a cell's data and files is not that of the manifest: its id would be another's."""
    for cell in (plan.by_id[cell_id] for cell_id in dict.fromkeys(cell_ids)):
        assert cell.config is not None
        digest = inputs_digest(load_dataset(cell.config.data, data_dir).digest, file_checksums(cell.config, data_dir))
        if digest != cell.data_digest:
            raise StepladderError(
                f"The data of {cell.row_name or cell.cell_id} in {plan.name} are not those that the sweep was planned with: their digest "
                f"was {cell.data_digest[:12]} and is {digest[:12]} here. Bring the old data (--data-dir names their folder), or launch the "
                "sweep again with these, as cells of their own."
            )
