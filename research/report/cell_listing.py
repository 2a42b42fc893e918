"""What is in a runs folder: cell, label, seeds, statuses, metric, age."""

import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from research.config.errors import StepladderError, did_you_mean
from research.config.halving import Rung
from research.config.plain import Tree
from research.config.value_labels import row_label
from research.report.describe import describe_cells
from research.runs import store
from research.runs.inspection import DAMAGED, inspect_run
from research.runs.measures import check_measure, direction, metric_value
from research.runs.readable_manifests import readable_manifests
from research.runs.records import CellEntry, Result

if TYPE_CHECKING:
    from research.report.sheets import Sheet, StyledText

DEFAULT_METRICS = ("valid.perplexity", "valid.accuracy", "valid.loss")  # the first that a cell has
STATUSES = ("done", "running", "stopped", "diverged", "failed", DAMAGED, "not run")
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


class CellRecord(TypedDict):
    """One cell of a list: the status of each seed, the mean of a metric, and how old it is."""

    cell_id: str
    label: str
    seeds: dict[str, str]
    metric: str | None
    value: float | None
    age_seconds: int | None


class CellQuery(NamedTuple):
    """Which cells are listed, by which number, in which order."""

    prefix: str = ""  # of the cell_id
    sweep: str | None = None
    status: str | None = None
    metric: str | None = None
    sort: str = "age"


EVERYTHING = CellQuery()


def list_cells(runs_dir: Path, query: CellQuery = EVERYTHING, now: datetime | None = None) -> list[CellRecord]:
    """One record a cell, the youngest first: what it is, the status of each seed, a metric's mean, its age in seconds.

    Raises StepladderError for words that no cell answers to.
    """
    now = now or datetime.now(UTC)
    sweeps, labels = _sweeps(runs_dir)
    ids = [cell_id for cell_id in store.cell_ids(runs_dir) if cell_id.startswith(query.prefix)]
    _check_query(query, ids, sweeps, runs_dir)
    standalone = {cell_id: config for cell_id in ids if cell_id not in labels and (config := _config(runs_dir, cell_id))}
    descriptions = describe_cells(standalone) | labels
    chosen = [cell_id for cell_id in ids if query.sweep is None or cell_id in sweeps[query.sweep]]
    cells = [_cell_record(runs_dir, cell_id, descriptions.get(cell_id, ""), query.metric, now) for cell_id in chosen]
    return sorted((cell for cell in cells if query.status in (None, *cell["seeds"].values())), key=ORDERS[query.sort])


def _check_query(query: CellQuery, ids: list[str], sweeps: dict[str, set[str]], runs_dir: Path) -> None:
    if query.prefix and not ids:
        store.find_run(runs_dir, query.prefix)  # says what is near
    for option, word, words in (("sort", query.sort, ORDERS), ("status", query.status, STATUSES), ("sweep", query.sweep, sweeps)):
        if word is not None and word not in words:
            raise StepladderError(
                f"--{option} {word} is not there{did_you_mean(word, words) or '.'} There are: {', '.join(words) or 'none'}."
            )
    if query.metric is not None:
        folders = [store.seed_folder(runs_dir, cell_id, seed) for cell_id in ids for seed in store.seeds_of(runs_dir / cell_id)]
        check_measure(query.metric, [result for folder in folders if (result := inspect_run(folder).result)])


def _by_metric(cell: CellRecord) -> tuple[bool, str, int | float]:
    """The best first; of a metric without a direction the lowest."""
    metric, value = cell["metric"] or "", cell["value"]
    return value is None, metric, 0 if value is None else -(direction(metric) or -1) * value


ORDERS: dict[str, Callable[[CellRecord], tuple[bool | str | float | None, ...] | str]] = {
    "age": lambda cell: (cell["age_seconds"] is None, cell["age_seconds"], cell["cell_id"]),
    "cell": lambda cell: cell["cell_id"],
    "metric": _by_metric,
    "what": lambda cell: (cell["label"], cell["cell_id"]),
}


def _config(runs_dir: Path, cell_id: str) -> Tree | None:
    try:
        return tomllib.loads(store.read_text_file(store.cell_folder(runs_dir, cell_id) / "config.toml"))
    except (OSError, ValueError, RecursionError):  # gone, or damaged: then it has no words, and whoever opens the run is told
        return None


def _cell_record(runs_dir: Path, cell_id: str, label: str, requested: str | None, now: datetime) -> CellRecord:
    folders = {seed: store.seed_folder(runs_dir, cell_id, seed) for seed in store.seeds_of(store.cell_folder(runs_dir, cell_id))}
    runs = {seed: inspect_run(folder) for seed, folder in folders.items()}
    times = [datetime.fromisoformat(run.updated) for run in runs.values() if run.updated]
    metric, value = _metric_mean([run.result for run in runs.values() if run.result], requested)
    return {
        "cell_id": cell_id,
        "label": label,
        "seeds": {str(seed): run.status for seed, run in runs.items()},
        "metric": metric,
        "value": value,
        "age_seconds": round((now - max(times)).total_seconds()) if times else None,
    }


def _metric_mean(results: list[Result], requested: str | None) -> tuple[str | None, float | None]:
    """The name and mean of what is wanted, or of the first of SHOWN that there is."""
    for name in (requested,) if requested else DEFAULT_METRICS:
        values = [value for result in results if (value := metric_value(result, name)) is not None]
        if values:
            return name, fmean(values)
    return requested, None


def _sweeps(runs_dir: Path) -> tuple[dict[str, set[str]], dict[str, str]]:
    """The cells of every sweep by its name, and "sweep: label" for every cell; of one in several sweeps, the last written manifest's.

    A cell that was trained alone is no sweep, and is told by its config.
    """
    sweeps: dict[str, set[str]] = {}
    labels: dict[str, str] = {}
    for manifest in (manifest for manifest in readable_manifests(runs_dir).values() if manifest.get("verb") != "train"):
        for cell in manifest["cells"]:
            sweeps.setdefault(manifest["name"], set()).add(cell["cell_id"])
            labels[cell["cell_id"]] = f"{manifest['name']}: {row_label(cell['labels'] | (cell.get('tuned') or {}) | _shortened(cell))}"
    return sweeps, labels


def _shortened(cell: CellEntry) -> Tree:
    """The word by which halving shortens a trial, with its value."""
    return Rung(**cell["rung"]).shortened if "rung" in cell else {}


def print_cells(cells: list[CellRecord], runs_dir: Path) -> None:
    """The list as a table on the terminal; a line that says so where there is nothing."""
    if not cells:
        message = f"Nothing in {runs_dir}. `stepladder train` and `stepladder sweep` write there; --runs names another folder."
        print(message, file=sys.stderr)
        return
    from rich.console import Console

    from research.report.terminal import print_sheet

    print_sheet(cells_sheet(cells, str(runs_dir)), Console(highlight=False, markup=False))


def cells_sheet(cells: list[CellRecord], name: str = "runs") -> "Sheet":
    """The list as a sheet."""
    from research.compare.number_texts import DASH
    from research.report.sheets import Heading, Sheet, StyledText, counts_text
    from research.runs.measures import number, title

    def row(cell: CellRecord) -> "tuple[StyledText, ...]":
        counts = Counter(cell["seeds"].values())
        bad = counts.keys() & {"failed", "diverged", DAMAGED}
        value = DASH if cell["metric"] is None or cell["value"] is None else number(cell["metric"], cell["value"])
        value_text = value if cell["metric"] is None or len(metrics) == 1 else f"{title(cell['metric'])} {value}"
        status_text = StyledText(counts_text(dict(counts)) or "not run", tone="bad" if bad else "")
        return (
            StyledText(cell["cell_id"]),
            StyledText(cell["label"] or DASH),
            status_text,
            StyledText(value_text),
            StyledText(age_text(cell["age_seconds"])),
        )

    metrics = {cell["metric"] for cell in cells if cell["metric"] is not None}
    heads = [Heading(text, numeric=False) for text in ("cell", "what", "seeds")]
    heads += [Heading(title(*metrics) if len(metrics) == 1 else "mean"), Heading("age")]
    return Sheet(name, tuple(heads), tuple(map(row, cells)), 1)


def age_text(seconds: float | int | None) -> str:
    """An age in its largest unit: 5400 s is 1 h."""
    if seconds is None:
        return "-"
    return next((f"{int(seconds // size)} {unit}" for size, unit in UNITS if seconds >= size), "0 s")
