"""The lines under a table: what the interval is, over what, what was tested, in which context, after how many trials."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypedDict

import numpy as np

from research.compare.cell_labels import axis_titles, find_indices, label_text, place_text, value_text
from research.compare.cells import Cell, Manifest, TableAxes
from research.compare.comparisons import SEEDS_NEEDED, has_infinite_value, shortfall
from research.compare.damage_notes import damage_notes
from research.compare.headline import headline_notes
from research.compare.item_tests import count_clusters
from research.compare.provenance import table_code_notes, table_device_notes
from research.compare.scoring_notes import beyond_limit_notes, context_notes, signature_notes, unknown_symbol_notes
from research.config.experiment import Control
from research.config.plain import table
from research.runs.costs import cost_note
from research.runs.measures import base_name, number, scored_name, title


class ColumnBest(NamedTuple):
    """What the tests say of a column: row indices of its best and of those that they do not tell from it."""

    metric: str
    labels: tuple[str, ...]
    best: int
    rivals: tuple[int, ...]
    tested: int
    notes: tuple[str, ...]
    untested: tuple[int, ...]  # rivals against which there is no test
    bold: bool
    twins: tuple[int, ...]  # rows that are the very same cell as the best
    absent: Mapping[int, str]  # rows that take no part in the tests, and why
    unfinished: Mapping[int, str]  # rows that have lost seeds, or not run them all, and how many they have


class IntervalSources(TypedDict):
    """Which kinds of interval a table holds, and of which metrics."""

    metrics: tuple[str, ...]
    seeds: list[int]  # how many have an interval over seeds
    items: bool
    uneven: bool
    pair: bool
    single: bool
    best_seed: list[int]  # of how many the best is shown


class Unranked(NamedTuple):
    """The row indices of a column that are not compared with the others, as they were not scored on the same."""

    metric: str
    labels: tuple[str, ...]
    rows: tuple[int, ...]
    all: bool  # whether no row is compared with any


def footnotes(
    manifest: Manifest,
    cells: Sequence[Cell],
    axes: TableAxes,
    column_bests: Sequence[ColumnBest | None],
    unranked: Sequence[Unranked],
    sources: IntervalSources,
) -> tuple[str, ...]:
    """All lines, in a fixed order. `sources` says which kinds of interval the table holds, and of which metrics."""
    rows = tuple(dict.fromkeys(label_text(cell.labels, axes.rows) for cell in cells))
    ranked = [column_best for column_best in column_bests if column_best is not None]
    primary = [column_best for column_best in ranked if column_best.metric == ranked[0].metric]
    return (
        *_all_diverged(cells),
        *headline_notes(manifest, cells, axes, _undecided(primary, axes)),
        *_control(manifest, cells, axes),
        *_intervals(cells, sources),
        *_infinite(cells, axes, sources["metrics"]),
        *_best_lines(primary, rows, axes),
        *_test_lines(primary),
        *_unranked(unranked, rows, axes),
        *_folds(cells, axes),
        *filter(None, [manifest.get("matched", "")]),
        *context_notes(cells, axes),
        *signature_notes(cells, axes, sources["metrics"]),
        *unknown_symbol_notes(cells, axes, sources["metrics"]),
        *beyond_limit_notes(cells, axes),
        *damage_notes(cells, axes),
        *_advice(cells),
        *_cannot(cells, axes),
        *table_code_notes(cells, axes),
        *table_device_notes(cells, axes),
        *cost_note(manifest, {cell.cell_id: tuple(cell.results.values()) for cell in cells}),
        *filter(None, [manifest.get("cards_note")]),
        *manifest.get("notes", ()),
    )


def _all_diverged(cells: Sequence[Cell]) -> list[str]:
    """Where nothing is left to compare, and why."""
    statuses = {status for cell in cells for status in cell.statuses.values()}
    every = "Every run diverged: a loss or its gradient was not finite, so that there is no number to compare."
    return [every] if statuses == {"diverged"} else []


def _undecided(column_bests: Sequence[ColumnBest], axes: TableAxes) -> list[str]:
    """The columns in which no test tells any row from the best, and those in which there is no test."""
    undistinguished = [
        column_best for column_best in column_bests if 0 < column_best.tested == len(column_best.rivals) and not column_best.unfinished
    ]
    columns_by_reason = {
        "no test could be made of the best against any other row": [
            column_best for column_best in undistinguished if len(column_best.untested) == column_best.tested
        ],
        "all rows lie within noise, no test tells any from the best": [
            column_best for column_best in undistinguished if len(column_best.untested) < column_best.tested
        ],
    }
    return [
        f"{'; '.join(_column_title(column_best, axes) for column_best in columns)}: {reason}."
        for reason, columns in columns_by_reason.items()
        if columns
    ]


def _folds(cells: Sequence[Cell], axes: TableAxes) -> list[str]:
    """Which rows are cross-validated, on how many folds, and how far these lie apart."""
    rows_by_folds: dict[int, list[str]] = {}
    for cell in cells:
        extras = [extra for result in cell.results.values() if (extra := result.get("extra", {})).get("folds")]
        if extras:
            deviation = 100 * float(np.mean([extra["sd_over_folds"] for extra in extras]))
            validation_text = (
                " (a fold of training is validation)" if table(cell.config.get("data")).get("validation") == "next_fold" else ""
            )
            rows_by_folds.setdefault(int(extras[0]["folds"]), []).append(
                f"{label_text(cell.labels, axes.rows)} {deviation:.2f}{validation_text}"
            )
    return [
        f"{n}-fold cross-validation: a run's value is over the test sentences of all folds, its core-seconds and tokens are of all folds. "
        f"Standard deviation of the folds' accuracies, in points: {', '.join(rows)}."
        for n, rows in rows_by_folds.items()
    ]


def _intervals(cells: Sequence[Cell], sources: IntervalSources) -> list[str]:
    lines = []
    if sources["seeds"]:
        counts = sources["seeds"]
        n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        lines.append(f"±: half the width of the 95% t interval of the mean over the seeds that finished (n = {n}).")
    if sources["uneven"]:
        lines.append("[low, high]: the 95% interval, where its sides differ.")
    if sources["items"]:
        lines.append(f"*: one run, or seeds without any spread; the 95% interval over {_item_counts(cells, sources['metrics'])}.")
    if sources["single"]:
        lines.append("n = 1: one run, without an interval.")
    if sources["pair"]:
        lines.append("n = 2: the mean and both values; two seeds have no interval.")
    if sources["best_seed"]:
        lines.append(
            f"Best seed: the best of n = {sources['best_seed'][-1]} seeds by this very metric, an optimistic number; compare the means."
        )
    return lines


def _item_counts(cells: Sequence[Cell], metrics: Sequence[str]) -> str:
    """ "400 test items in 52 independent clusters", with ranges where the rows differ."""
    scored_items = [cell.scored(scored_name(base_name(metric))[0]).items for metric in metrics for cell in cells]
    counts = [(len(items.id), count_clusters(items)) for items in scored_items if items is not None]
    items, clusters = (_count_text([count[side] for count in counts]) for side in (0, 1))
    return f"{items} test items" + ("" if all(n == c for n, c in counts) else f" in {clusters} independent clusters")


def _count_text(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _infinite(cells: Sequence[Cell], axes: TableAxes, metrics: Sequence[str]) -> list[str]:
    rows = dict.fromkeys(place_text(cell.labels, *axes) for cell in cells if any(has_infinite_value(cell, metric) for metric in metrics))
    if not rows:
        return []
    return [f"Infinite: {'; '.join(rows)} gives some of what was scored no probability. It stands last, and needs no test."]


def _best_lines(column_bests: Sequence[ColumnBest], rows: Sequence[str], axes: TableAxes) -> list[str]:
    return [f"{_column_title(column_best, axes)}: {_verdict_text(column_best, rows)}" for column_best in column_bests]


def _unranked(unranked: Sequence[Unranked], rows: Sequence[str], axes: TableAxes) -> list[str]:
    columns: dict[str, list[str]] = {}
    for column in unranked:
        all_text = "no row is ranked: they were scored on different data or in different tokens"
        some_text = f"not ranked, as scored on other data or in other tokens: {', '.join(rows[i] for i in column.rows)}"
        columns.setdefault(all_text if column.all else some_text, []).append(_column_title(column, axes))
    return [f"{'; '.join(names)}: {reason}." for reason, names in columns.items()]


def _column_title(column: ColumnBest | Unranked, axes: TableAxes) -> str:
    axis_labels = zip(axis_titles(axes.columns), column.labels, strict=True)
    text = f"{title(column.metric)}, {', '.join(map(' '.join, axis_labels))}" if column.labels else title(column.metric)
    return text[0].upper() + text[1:]


def _verdict_text(column_best: ColumnBest, rows: Sequence[str]) -> str:
    leaders = " and ".join(rows[i] for i in (column_best.best, *column_best.twins))
    leaders += ", one and the same run," if column_best.twins else ""

    def with_reasons(reasons: Mapping[int, str]) -> str:
        return ", ".join(f"{rows[i]} ({why})" for i, why in reasons.items())

    absent = f" It takes no test to tell {with_reasons(column_best.absent)}." if column_best.absent else ""
    if column_best.unfinished:
        return f"{leaders} has the best mean so far. Not decided, and nothing in bold: {with_reasons(column_best.unfinished)}.{absent}"
    if column_best.bold:
        untested = any(note.startswith("fewer") for note in column_best.notes)
        scope = " on these test items; too few seeds to test what other seeds would do" if untested else ""
        others_text = "every other row that has a mean to be tested" if column_best.absent else "every other row"
        return f"{leaders} (bold) is significantly better than {others_text}{scope}.{absent}"
    if not column_best.tested:
        return f"{leaders} has the only mean that could be tested.{absent}"
    if len(column_best.untested) == column_best.tested:
        return f"{leaders} has the best mean; no test could be made against any other row.{absent}"
    if len(column_best.rivals) == column_best.tested:
        return f"{leaders} has the best mean, not significantly different from any other row.{absent}"
    return f"{leaders} has the best mean, not significantly different from {' or '.join(rows[i] for i in column_best.rivals)}.{absent}"


def _test_lines(column_bests: Sequence[ColumnBest]) -> list[str]:
    if not column_bests:
        return []
    missing_tests = "; ".join(dict.fromkeys(note for column_best in column_bests for note in column_best.notes))
    return [
        f"Tested: the best against each other row of its column, by a paired t over seeds (from {SEEDS_NEEDED} seeds on), a "
        "paired test over test items, and one over both. All that exist must agree, at 5% after Holm's correction."
        + (f" Here: {missing_tests}." if missing_tests else "")
    ]


def _advice(cells: Sequence[Cell]) -> list[str]:
    """What was told of the data before the runs."""
    return list(dict.fromkeys(line for cell in cells for result in cell.results.values() for line in result.get("advice", ())))


def _cannot(cells: Sequence[Cell], axes: TableAxes) -> list[str]:
    lines = [f"{place_text(cell.labels, *axes)} cannot: {cell.cannot}." for cell in cells if cell.cannot]
    incomplete = [(cell, reason) for cell in cells for reason in dict.fromkeys(cell.lacks.values())]
    for cell, reason in incomplete:
        metrics = " or ".join(title(metric) for metric, why in cell.lacks.items() if why == reason)
        lines.append(f"{place_text(cell.labels, *axes)} has no {metrics}: {reason}.")
    return lines


def _control(manifest: Manifest, cells: Sequence[Cell], axes: TableAxes) -> list[str]:
    """Inconclusive, unless the control has done what it is known to do, on all of its seeds."""
    if not manifest.get("control"):
        return []
    control = Control.model_validate(manifest["control"])
    low, high = control.bounds
    control_cells = [cells[i] for i in find_indices([cell.labels for cell in cells], control.label, *axes, where="the control")]
    bound_texts = [
        f"{relation} {number(control.metric, bound)}" for relation, bound in (("at least", low), ("at most", high)) if bound is not None
    ]
    subject, bound_text = f"{title(control.metric)} of the control, {value_text(control.label)}", " and ".join(bound_texts)
    means = [float(np.mean(list(values.values()))) for cell in control_cells if (values := cell.values(control.metric))]
    if not means:
        return [f"INCONCLUSIVE: {subject}, must be {bound_text}, and it has not run."]
    means_text = ", ".join(number(control.metric, mean) for mean in means)
    if missing_seeds := next(filter(None, (shortfall(cell, control.metric) for cell in control_cells)), ""):
        return [f"INCONCLUSIVE: {subject}, is {means_text} ({bound_text} is needed): not decided: {missing_seeds}."]
    if len(means) == len(control_cells) and all((low is None or mean >= low) and (high is None or mean <= high) for mean in means):
        return [f"The control holds: {subject}, is {means_text} ({bound_text} was needed)."]
    return [f"INCONCLUSIVE: {subject}, is {means_text}, not {bound_text}. Nothing can be concluded from this table."]
