"""What is in a runs folder: cell, label, seeds, statuses, metric, age."""

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from research.results import store

SHOWN = (("valid", "perplexity"), ("valid", "accuracy"), ("valid", "loss"))  # the first that a cell has
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def list_cells(runs_dir: Path, now: datetime | None = None) -> list[dict[str, Any]]:
    """One record a cell, the youngest first: its label, the status of each seed, a validation metric's mean, its age in seconds."""
    now = now or datetime.now(UTC)
    labels = _labels(runs_dir)
    cells = [_cell(runs_dir, cell_id, labels.get(cell_id, ""), now) for cell_id in store.cell_ids(runs_dir)]
    return sorted(cells, key=lambda cell: (cell["age_seconds"] is None, cell["age_seconds"], cell["cell_id"]))


def _cell(runs_dir: Path, cell_id: str, label: str, now: datetime) -> dict[str, Any]:
    folders = {seed: store.seed_folder(runs_dir, cell_id, seed) for seed in store.seeds_of(store.cell_folder(runs_dir, cell_id))}
    said = {seed: store.read_status(folder) or {} for seed, folder in folders.items()}
    statuses = {seed: store.status_of(folder) for seed, folder in folders.items()}
    results = [store.read_result(folder) for seed, folder in folders.items() if statuses[seed] in store.KEPT]
    times = [datetime.fromisoformat(status["updated"]) for status in said.values() if status.get("updated")]
    metric, value = _metric([result for result in results if result])
    return {
        "cell_id": cell_id,
        "label": label,
        "seeds": {str(seed): status for seed, status in statuses.items()},
        "metric": metric,
        "value": value,
        "age_seconds": round((now - max(times)).total_seconds()) if times else None,
    }


def _metric(results: list[dict[str, Any]]) -> tuple[str | None, float | None]:
    for split, name in SHOWN:
        values = [value for result in results if (value := (result.get("metrics", {}).get(split) or {}).get(name)) is not None]
        if values:
            return f"{split}.{name}", fmean(values)
    return None, None


def _labels(runs_dir: Path) -> dict[str, str]:
    """ "sweep: label" for every cell of every manifest; of a cell in several sweeps, the last written manifest's."""
    from research.config.labels import text

    manifests = sorted(store.sweeps_folder(runs_dir).glob("*.json"), key=lambda path: (path.stat().st_mtime, path.name))
    read = [store.read_json(path) for path in manifests]
    return {
        cell["cell_id"]: f"{manifest['name']}: {', '.join(map(text, {**cell['labels'], **(cell.get('tuned') or {})}.values()))}"
        for manifest in read
        for cell in manifest["cells"]
    }


def print_cells(cells: list[dict[str, Any]], runs_dir: Path) -> None:
    """The list as a table on the terminal; a line that says so where there is nothing."""
    if not cells:
        said = f"Nothing in {runs_dir}. `stepladder train` and `stepladder sweep` write there; --runs names another folder."
        print(said, file=sys.stderr)
        return
    from rich.console import Console

    from research.results.terminal import print_sheet

    print_sheet(cells_sheet(cells, str(runs_dir)), Console(highlight=False))


def cells_sheet(cells: list[dict[str, Any]], name: str = "runs") -> Any:
    """The list as a sheet."""
    from research.results.measures import number, title
    from research.results.sheets import DASH, Heading, Sheet, Text, said_counts

    def row(cell: dict[str, Any]) -> tuple[Text, ...]:
        counts = Counter(cell["seeds"].values())
        bad = counts.keys() & {"failed", "diverged"}
        value = DASH if cell["metric"] is None else number(cell["metric"], cell["value"])
        named = value if cell["metric"] is None or len(metrics) == 1 else f"{title(cell['metric'])} {value}"
        said = Text(said_counts(dict(counts)) or "not run", tone="bad" if bad else "")
        return (Text(cell["cell_id"]), Text(cell["label"] or DASH), said, Text(named), Text(said_age(cell["age_seconds"])))

    metrics = {cell["metric"] for cell in cells} - {None}
    heads = [Heading(text, numeric=False) for text in ("cell", "what", "seeds")]
    heads += [Heading(title(*metrics) if len(metrics) == 1 else "mean"), Heading("age")]
    return Sheet(name, tuple(heads), tuple(map(row, cells)), 1)


def said_age(seconds: float | None) -> str:
    """An age in its largest unit: 5400 s is 1 h."""
    if seconds is None:
        return "-"
    return next((f"{int(seconds // size)} {unit}" for size, unit in UNITS if seconds >= size), "0 s")
