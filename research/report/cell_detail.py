"""One cell that was run: its config, what became of each seed, and its files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

from rich.console import Console
from rich.text import Text as Line

from research.compare.number_texts import DASH
from research.report.cell_listing import CellQuery, age_text, list_cells
from research.report.sheets import Heading, Sheet, StyledText
from research.report.terminal import print_sheet
from research.runs import store
from research.runs.damaged_files import unreadable_file
from research.runs.inspection import believable_result, inspect_run
from research.runs.measures import is_headline, metric_value, number, title
from research.runs.records import Result

COSTS_SHOWN = ("steps", "tokens_seen", "seconds")  # beside the metrics
METRICS_SHOWN = 4  # of each split


class SeedRecord(TypedDict):
    """What became of one seed, and its result.json where there is one."""

    seed: int
    status: str
    updated: str | None
    result: Result


class CellDetail(TypedDict):
    """One cell: what it is, its config as TOML, its seeds, and the files of each."""

    cell_id: str
    what: str
    folder: str
    config: str
    seeds: list[SeedRecord]
    files: dict[str, list[str]]


def cell_detail(run: store.RunReference) -> CellDetail:
    """What `show CELL --json` prints: the files' own words."""
    cell = list_cells(run.folder.parent, CellQuery(prefix=run.cell_id))[0]
    seeds = [run.seed] if run.seed is not None else list(store.seeds_of(run.folder))
    folders = {seed: run.folder / f"seed-{seed}" for seed in seeds}
    return {
        "cell_id": run.cell_id,
        "what": cell["label"],
        "folder": str(run.folder),
        "config": _config_text(run.folder / "config.toml"),
        "seeds": [_seed_record(seed, folder) for seed, folder in folders.items()],
        "files": {str(seed): sorted(str(path.relative_to(folder)) for path in folder.iterdir()) for seed, folder in folders.items()},
    }


def _config_text(path: Path) -> str:
    try:
        return store.read_text_file(path)
    except OSError as error:
        raise unreadable_file(path, error) from None


def _seed_record(seed: int, folder: Path) -> SeedRecord:
    run = inspect_run(folder)
    return {"seed": seed, "status": run.status, "updated": run.updated or None, "result": believable_result(folder, run) or {}}


def print_detail(detail: CellDetail, console: Console) -> None:
    """For a person."""
    for line in (f"{detail['cell_id']}  {detail['what']}", "", *detail["config"].splitlines()):
        console.print(Line(line), soft_wrap=True)
    print_sheet(seeds_sheet(detail), console)
    for seed, files in detail["files"].items():
        console.print(Line(f"{detail['folder']}/seed-{seed}: {', '.join(files)}"), soft_wrap=True)


def seeds_sheet(detail: CellDetail, now: datetime | None = None) -> Sheet:
    """A row a seed."""
    now, results = now or datetime.now(UTC), [record["result"] for record in detail["seeds"]]
    names = [f"{split}.{name}" for split in ("valid", "test") for name in _headlines(results, split)] + [*COSTS_SHOWN]

    def row(record: SeedRecord) -> tuple[StyledText, ...]:
        numbers = [metric_value(record["result"], name) for name in names]
        texts = [DASH if value is None else number(name, value) for name, value in zip(names, numbers, strict=True)]
        age = (now - datetime.fromisoformat(record["updated"])).total_seconds() if record["updated"] else None
        return tuple(map(StyledText, (f"seed {record['seed']}", record["status"], *texts, age_text(age))))

    heads = (Heading("run", numeric=False), Heading("status", numeric=False), *(Heading(title(name)) for name in names), Heading("age"))
    return Sheet("", heads, tuple(map(row, detail["seeds"])), 1)


def _headlines(results: list[Result], split: str) -> list[str]:
    names = dict.fromkeys(name for result in results for name in (result.get("metrics", {}).get(split) or {}) if is_headline(name))
    return list(names)[:METRICS_SHOWN]
