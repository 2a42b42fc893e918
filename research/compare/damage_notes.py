"""What a table says of files that are not what their runs wrote."""

from collections.abc import Sequence

from research.compare.cell_labels import place_text
from research.compare.cells import Cell, TableAxes
from research.config.errors import DamagedFileError
from research.runs.environments import run_environments

REMEDY = "no number of them is here, and the command that made them moves the damaged files aside and does again what they hold"
TOLD_ELSEWHERE = "their numbers stand, and what became of them and what made them is told as far as other files say it"


def damage_notes(cells: Sequence[Cell], axes: TableAxes) -> list[str]:
    """A line on the runs that are damaged, and one on those whose status.json or env.json is, from which no number comes."""
    numbers, words = list[str](), list[str]()
    for cell in cells:
        for seed, status in cell.statuses.items():
            files = (*cell.damaged.get(seed, ()), *_environment_file(cell, seed))
            if files:
                run = f"{place_text(cell.labels, *axes)}, seed {seed} ({', '.join(files)})"
                (numbers if status == "damaged" else words).append(run)
    lines = (("Damaged runs", numbers, REMEDY), ("Runs with a damaged file beside their numbers", words, TOLD_ELSEWHERE))
    return [f"{title}: {'; '.join(runs)}: {remedy}." for title, runs, remedy in lines if runs]


def _environment_file(cell: Cell, seed: int) -> tuple[str, ...]:
    try:
        run_environments(cell.folder / f"seed-{seed}")
    except DamagedFileError as error:
        return (error.path.name,)
    return ()
