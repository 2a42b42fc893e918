"""What a report says of one cell: its seeds, its files, the logs of what was lost, and its config."""

import json
from pathlib import Path

from research.compare.cell_labels import place_text
from research.compare.cells import Cell, Manifest, axes_of, read_spec, selection_metric
from research.compare.number_texts import DASH
from research.report.report_value import CellReport
from research.report.sheets import Heading, Sheet, StyledText, Tone
from research.runs.measures import metric_value, number, title

SEED_FILES = ("log.txt", "metrics.jsonl", "result.json", "env.json")
LOST = ("failed", "diverged", "damaged")
EXCERPT = 12  # lines of a failed run's log


def cell_report(manifest: Manifest, cell: Cell) -> CellReport:
    """Read from the cell's folder, where there is one."""
    names = [("config.toml", cell.folder / "config.toml")]
    for seed in cell.seeds:
        names += [(f"seed {seed}: {name}", cell.folder / f"seed-{seed}" / name) for name in SEED_FILES]
    lost = tuple(sorted(seed for seed, status in cell.statuses.items() if status in LOST))
    return CellReport(
        cell_id=cell.cell_id,
        place=place_text(cell.labels, *axes_of(manifest)),
        labels=cell.labels,
        tuned=cell.tuned,
        trials=cell.trials,
        counts=cell.counts(),
        cannot=cell.cannot,
        seeds=_seeds_sheet(manifest, cell),
        lost=lost,
        files=tuple((text, path) for text, path in names if path.exists()),
        excerpts=tuple((seed, excerpt) for seed in lost if (excerpt := _excerpt(cell.folder / f"seed-{seed}" / "log.txt"))),
        config="" if cell.cannot else _read(cell.folder / "config.toml") or json.dumps(cell.config, indent=2),
    )


def _seeds_sheet(manifest: Manifest, cell: Cell) -> Sheet:
    spec = read_spec(manifest)
    metrics = list(dict.fromkeys((selection_metric(spec), spec.metric, "best_step", "seconds.train")))
    heads = (Heading("seed", numeric=False), Heading("status", numeric=False), *(Heading(title(metric)) for metric in metrics))
    rows = []
    for seed, status in cell.statuses.items():
        values = [metric_value(cell.results[seed], metric) if seed in cell.results else None for metric in metrics]
        texts = [
            StyledText(DASH, tone="quiet") if value is None else StyledText(number(metric, value))
            for metric, value in zip(metrics, values, strict=True)
        ]
        tone: Tone = "bad" if status in LOST else ""
        rows.append((StyledText(str(seed)), StyledText(status, cell.messages[seed] if status != "done" else "", tone=tone), *texts))
    return Sheet(f"Seeds of {cell.cell_id}", heads, tuple(rows))


def _excerpt(path: Path) -> str:
    return "\n".join(_read(path).splitlines()[-EXCERPT:])


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
