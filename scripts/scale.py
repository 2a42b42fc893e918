"""How long `runs`, `table` and `report` take over many fake runs, and how long their schedule: seconds of this process, nothing is trained.

PYTHONPATH=. python scripts/scale.py 2000 1       # cells, seeds of each
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests" / "results"))


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print the seconds of the block."""
    began = time.process_time()
    yield
    print(f"{what}: {time.process_time() - began:.2f} s", flush=True)


def main() -> None:
    """Write the runs, and time each command's work on them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cells", type=int)
    parser.add_argument("seeds", type=int)
    words = parser.parse_args()

    from research.compare.cells import load_cells
    from research.report.build_report import build_report
    from research.report.cell_listing import list_cells, print_cells
    from research.report.formats.comma_separated import report_csv
    from research.report.formats.markdown import report_markdown
    from research.report.formats.page import report_page
    from research.report.formats.target import Target

    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        with timed("writing them"):
            manifest = write_many(runs, words.cells, words.seeds)
        with timed("runs --json"):
            listed = list_cells(runs)
        with timed("runs, printed"), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            print_cells(listed, runs)
        with timed("reading the cells"):
            cells = load_cells(manifest, runs)
        with timed("report"):
            report = build_report(manifest, cells)
        target = Target(Path(folder), ())
        for name, render in {"md": report_markdown, "csv": report_csv, "html": report_page}.items():
            with timed(f"report as {name}"):
                render(report, target)
    with timed(f"a schedule of {words.cells * words.seeds} runs"):
        schedule_many(words.cells, words.seeds)


def write_many(runs: Path, cells: int, seeds: int) -> dict:
    """A sweep of so many labelled rows."""
    from fake_runs import _entry, _manifest, _write_cell, write_run

    entries = []
    for number in range(cells):
        cell_id = f"{number:012x}"
        entries.append(_entry(cell_id, {"label": f"row {number}"}, range(seeds), 1_000_000, 2e6))
        for seed in range(seeds):
            write_run(runs, cell_id, seed, 4.7, 0.01, number % 50)
        _write_cell(runs, cell_id)
    labels = [{"label": entry["labels"]["label"]} for entry in entries]
    return _manifest(runs, "many", entries, question="How long?", spec={"name": "many", "list": labels, "seeds": seeds})


def schedule_many(cells: int, seeds: int) -> None:
    """A plan of rows of which each tenth is chosen among ten trials, none of them run."""
    from research.config.schema import Config
    from research.execute.schedule import schedule
    from research.plan.planned_cell import PlannedCell
    from research.plan.work_plan import WorkPlan
    from research.runs.trial_choice import Choice

    lstm = {"kind": "language_model", "mixer": {"kind": "lstm"}}
    config = Config.model_validate({"data": {"kind": "shakespeare"}, "model": lstm, "seeds": list(range(seeds))})
    ids = [f"{number:012x}" for number in range(cells)]
    planned = tuple(
        PlannedCell({"label": cell_id}, config, cell_id=cell_id, program=f"p{number % 50}") for number, cell_id in enumerate(ids)
    )
    trials = [dict.fromkeys(ids[n : n + 10], tuple(range(seeds))) for n in range(0, cells // 2, 10)]
    choices = tuple(Choice(f"row {n}", of_row, "valid.loss") for n, of_row in enumerate(trials))
    plan = WorkPlan("many", "test.perplexity", planned, choices, frozenset(ids[cells // 2 :]))
    for capacity in (None, 1):
        schedule(plan, {}, capacity)


if __name__ == "__main__":
    main()
