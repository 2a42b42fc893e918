"""The figures of a sweep, from its cells: learning curves, cost, evaluation length, groups of items, texts, attention."""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from research.compare.cell_labels import place_text
from research.compare.cells import Cell, Manifest, TableAxes, axes_of, read_spec
from research.compare.scoring_notes import eval_window
from research.compare.tables import measure_cell
from research.config.errors import DamagedFileError
from research.config.merge import DATA_KINDS
from research.config.plain import table
from research.report.attention_figures import alignments, captions
from research.report.pictures import Picture
from research.report.plots import Series, line_plot
from research.report.text_figures import against_diversity, against_source_length, quality
from research.report.tuning_figure import against_values
from research.runs.measures import base_name, direction, scale, split_name, title
from research.runs.store import JsonObject, read_metrics

SEEDS_BAND = "Line: the mean over seeds. Band: from the least to the greatest seed."
CURVES = ("perplexity", "pseudo_perplexity", "accuracy", "loss")  # the first that there is
MOST_ROWS = 60  # of a figure: more lines and labels cannot be told apart
COSTS_DIFFER = 1.5  # the least ratio of training costs that is worth an axis


def sweep_figures(manifest: Manifest, cells: Sequence[Cell]) -> tuple[Picture, ...]:
    """The figure that the spec asks for first, then every other that has something to show; `none` asks for none.

    Of a sweep of more than `MOST_ROWS` cells there is none, and `left_out` says so.
    """
    requested = read_spec(manifest).table.figure
    if requested == "none" or len(cells) > MOST_ROWS:
        return ()
    names = [requested, *(name for name in FIGURES if name != requested)]
    return tuple(picture for name in names if (picture := FIGURES[name](manifest, cells)) is not None)


def left_out(manifest: Manifest, cells: Sequence[Cell]) -> tuple[str, ...]:
    """What is said where figures have too many rows to be read."""
    if len(cells) <= MOST_ROWS or read_spec(manifest).table.figure == "none":
        return ()
    return (f"no figures: {len(cells)} rows are more than the {MOST_ROWS} that can be told apart in one",)


def learning_curves(manifest: Manifest, cells: Sequence[Cell]) -> Picture | None:
    """A validation metric against the tokens seen: mean over seeds, the band from the least to the greatest of them."""
    axes = axes_of(manifest)
    curves = {id(cell): {seed: _validation_records(cell, seed) for seed in cell.seeds} for cell in cells}
    records = [record for by_seed in curves.values() for seed_records in by_seed.values() for record in seed_records]
    name = next((name for name in CURVES if any(name in record for record in records)), None)
    if name is None:
        return None
    tokens_per_step = {id(cell): _tokens_per_step(cell) for cell in cells}
    trained = [cell for cell in cells if any(curves[id(cell)].values())]
    in_tokens = all(tokens_per_step[id(cell)] for cell in trained)
    series = [_curve(cell, curves[id(cell)], name, (tokens_per_step[id(cell)] or 1.0) if in_tokens else 1.0, axes) for cell in cells]
    plotted = [curve for curve in series if curve is not None]
    if not plotted:
        return None
    # the first fifth dwarfs what follows
    y_top = None if name == "accuracy" else 1.02 * max(max(curve.y[len(curve.y) // 5 :]) for curve in plotted)
    log_y = name in ("perplexity", "pseudo_perplexity") and y_top is not None and y_top > 3 * min(min(curve.y) for curve in plotted)
    caption = SEEDS_BAND
    if any(curve.kind == "level" for curve in plotted):
        caption += " Dotted: a model that is counted, not trained."
    if any(curve.strands for curve in plotted):
        caption += " A thin line that ends in a cross: a seed that diverged or failed."
    caption += _lost_curves(cells, axes)
    x_label = "training tokens" if in_tokens else "steps"
    return line_plot("curves", "Learning curves", plotted, x_label, title(f"valid.{name}"), caption, log_y=log_y, y_top=y_top)


def _validation_records(cell: Cell, seed: int) -> list[JsonObject]:
    try:
        records = read_metrics(cell.folder / f"seed-{seed}" / "metrics.jsonl")
    except DamagedFileError:
        return []
    return [record for record in records if record.get("split") == "valid"]


def _lost_curves(cells: Sequence[Cell], axes: TableAxes) -> str:
    """The runs whose curves are not here, as their metrics.jsonl is damaged."""
    lost = [(cell, seed) for cell in cells for seed in cell.seeds if _is_damaged(cell.folder / f"seed-{seed}" / "metrics.jsonl")]
    runs = ", ".join(f"{place_text(cell.labels, *axes)}, seed {seed}" for cell, seed in lost)
    return f" Left out, as metrics.jsonl cannot be read: {runs}." if runs else ""


def _is_damaged(path: Path) -> bool:
    try:
        read_metrics(path)
    except DamagedFileError:
        return True
    return False


def _tokens_per_step(cell: Cell) -> float | None:
    ratios = [
        result["tokens_seen"] / result["steps"] for result in cell.results.values() if result.get("steps") and result.get("tokens_seen")
    ]
    return ratios[0] if ratios else None


def _curve(cell: Cell, lines: dict[int, list[JsonObject]], name: str, tokens_per_step: float, axes: TableAxes) -> Series | None:
    label, factor = place_text(cell.labels, *axes), scale(f"valid.{name}")
    points = {
        seed: {line["step"]: line[name] * factor for line in records if _is_finite(line.get(name))} for seed, records in lines.items()
    }
    finished = [by_step for seed, by_step in points.items() if seed in cell.results and by_step]
    failed = [by_step for seed, by_step in points.items() if cell.statuses.get(seed) in ("diverged", "failed") and by_step]
    strands = tuple(([step * tokens_per_step for step in by_step], list(by_step.values())) for by_step in failed)
    if finished:
        steps = sorted(set.intersection(*(set(by_step) for by_step in finished)))
        values = np.array([[by_step[step] for step in steps] for by_step in finished])
        x = [step * tokens_per_step for step in steps]
        return Series(label, x, values.mean(axis=0).tolist(), values.min(axis=0).tolist(), values.max(axis=0).tolist(), strands=strands)
    value = list(cell.values(f"valid.{name}").values())
    return Series(label, (), [value[0] * factor], kind="level") if cell.deterministic and value and _is_finite(value[0]) else None


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def against_flops(manifest: Manifest, cells: Sequence[Cell]) -> Picture | None:
    """The sweep's metric against the floating-point operations of training, a point a row; counted models as levels at their own cost."""
    metric, axes = read_spec(manifest).metric, axes_of(manifest)
    series = [curve for cell in cells if (curve := _flops_point(cell, metric, axes)) is not None]
    costs = [x for curve in series for x in curve.x]
    if len(series) < 3 or max(costs) < COSTS_DIFFER * min(costs):
        return None
    caption = "Forward operations a token, times three, times the tokens seen. Bars: 95% intervals, as in the table."
    return line_plot(
        "flops", f"{_capital(title(metric))} against training cost", series, "training FLOPs", title(metric), caption, log_x=True
    )


def _flops_point(cell: Cell, metric: str, axes: TableAxes) -> Series | None:
    interval, source, _ = measure_cell(cell, metric)
    flops = list(cell.values("training_flops").values())
    if interval is None or not _is_finite(interval.mean) or not flops:
        return None
    mean, low, high = (value * scale(metric) for value in interval)
    below, above = (None, None) if source == "none" else ([low], [high])
    return Series(
        place_text(cell.labels, *axes), [float(np.mean(flops))], [mean], below, above, "level" if cell.deterministic else "points"
    )


def against_length(manifest: Manifest, cells: Sequence[Cell]) -> Picture | None:
    """Test perplexity of the same tokens against the evaluation's window."""
    caption = f"The same test tokens, scored with windows of each length. {SEEDS_BAND}"
    window = lambda cell: eval_window(cell.config)
    return _plot_against(
        cells, axes_of(manifest), "lengths", "test.perplexity", "Longer contexts", "evaluation length, tokens", caption, window
    )


def against_group(manifest: Manifest, cells: Sequence[Cell]) -> Picture | None:
    """Test accuracy against the items' group, such as the words between the two that must agree. The groups of texts are their sources'.

    Classes are no distances, though they be numbers.
    """
    cells = [cell for cell in cells if not _has_classes(cell)]
    if quality(manifest, cells) is not None:
        return None
    caption = f"Test items by group. {SEEDS_BAND}"
    return _plot_against(
        cells, axes_of(manifest), "groups", "test.accuracy", "Accuracy by distance", "distance", caption, lambda cell: None
    )


def _has_classes(cell: Cell) -> bool:
    kind = DATA_KINDS.get(str(table(cell.config.get("data")).get("kind")))
    return kind is not None and kind.asks == "classes"


def _plot_against(
    cells: Sequence[Cell],
    axes: TableAxes,
    name: str,
    metric: str,
    heading: str,
    x_label: str,
    caption: str,
    base_x: Callable[[Cell], int | None],
) -> Picture | None:
    series = [curve for cell in cells if (curve := _suffix_curve(cell, metric, axes, base_x(cell))) is not None]
    ticks = sorted({x for curve in series for x in curve.x})
    if len(ticks) < 2:
        return None
    heights = [y for curve in series for y in curve.y]
    log_y = direction(metric) < 0 and max(heights) > 3 * min(heights)
    return line_plot(name, heading, series, x_label, title(metric), caption, log_x=ticks[0] > 0, log_y=log_y, x_ticks=ticks)


def _suffix_curve(cell: Cell, metric: str, axes: TableAxes, base_x: int | None) -> Series | None:
    """The metric `_at_` each number that results have, and, where `base_x` is given, itself there."""
    split, short_name = split_name(base_name(metric))
    suffixes = {
        int(match.group(1))
        for result in cell.results.values()
        for key in result["metrics"].get(split, {})
        if (match := re.fullmatch(rf"{short_name}_at_(\d+)", key))
    }
    names = {x: f"{metric}_at_{x}" for x in suffixes} | ({base_x: metric} if base_x is not None else {})
    values_by_x = [(x, scale(metric) * np.array(list(cell.values(names[x]).values()))) for x in sorted(names)]
    finite = [(x, values) for x, values in values_by_x if len(values) and np.isfinite(values).all()]
    points = [(x, float(values.mean()), float(values.min()), float(values.max())) for x, values in finite]
    if len(points) < (2 if base_x is None else 1):
        return None
    xs, means, lows, highs = (list(column) for column in zip(*points, strict=True))
    return Series(place_text(cell.labels, *axes), xs, means, lows, highs)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


FIGURES: dict[str, Callable[[Manifest, Sequence[Cell]], Picture | None]] = {
    "curves": learning_curves,
    "flops": against_flops,
    "lengths": against_length,
    "groups": against_group,
    "tuning": against_values,
    "source_lengths": against_source_length,
    "diversity": against_diversity,
    "alignments": alignments,
    "captions": captions,
}
