"""What a spec, its control and its claims name is looked up before the first run: rows, metrics, and which way a claim looks."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from research.compare.card_schema import Card, Label, OrderCard, RatioCard, read_cards
from research.compare.cell_labels import find_indices, value_text
from research.compare.cells import Cell, Manifest, TableAxes, axes_of, read_spec
from research.compare.comparisons import cell_pairs
from research.config.errors import StepladderError, did_you_mean
from research.metrics.registry import in_scope
from research.runs.measures import base_name, direction

FREE = "extra."  # what an analysis measures has the names that it likes


class _MetricUse(NamedTuple):
    """A metric that is named somewhere, and the row that must have it; None where any may."""

    where: str
    metric: str
    row: Label | None


def check_spec(manifest: Manifest, cells: Sequence[Cell], where: str = "expected.json") -> None:
    """Raises StepladderError where a name means nothing: a metric that no row, or not the named one, can have; a row that is not there.

    `cells`: as `load_cells` gives them, which has refused two in one place. The entries of the manifest say under `metrics` which their
    runs will have; where they do not, metrics are not looked up.
    """
    spec, axes = read_spec(manifest), axes_of(manifest)
    rows = [cell.labels for cell in cells]
    metrics_by_cell = [frozenset(entry.get("metrics") or ()) for entry in manifest["cells"] if entry.get("state") != "cannot"]
    if spec.table.baseline is not None:
        find_indices(rows, spec.table.baseline, *axes, where="table.baseline")
    for comparison in spec.comparisons:
        _check_distinct_rows(cells, comparison.better, comparison.worse, axes)
    cards = read_cards(manifest.get("cards") or [], where)
    for use in _metric_uses(manifest, cards, where):
        indices = () if use.row is None else find_indices(rows, use.row, *axes, where=use.where)
        if metrics_by_cell and all(metrics_by_cell):
            _check_metric(use, [_metrics_of(manifest, cells[i]) for i in indices] or metrics_by_cell)
    for number, card in enumerate(cards, start=1):
        _check_card(card, cells, axes, f"{where}, card {number}")


def _metric_uses(manifest: Manifest, cards: Sequence[Card], where: str) -> Iterator[_MetricUse]:
    spec, control = read_spec(manifest), manifest.get("control")
    yield _MetricUse("sweep.metric", spec.metric, None)
    yield from (_MetricUse("table.metrics", metric, None) for metric in spec.table.metrics)
    if control:
        yield _MetricUse("the control", control["metric"], control["label"])
    for number, card in enumerate(cards, start=1):
        yield from (_MetricUse(f"{where}, card {number}", metric, row) for metric, row in _metrics_and_rows(card))


def _metrics_and_rows(card: Card) -> list[tuple[str, Label]]:
    if isinstance(card, OrderCard):
        return [(card.metric, card.better), (card.metric, card.worse)]
    if isinstance(card, RatioCard):
        return [(part.metric, part.label) for part in (card.numerator, card.denominator)]
    return [(card.metric, card.label)]


def _metrics_of(manifest: Manifest, cell: Cell) -> frozenset[str]:
    return next(frozenset(entry.get("metrics") or ()) for entry in manifest["cells"] if entry["cell_id"] == cell.cell_id) | {*cell.lacks}


def _check_metric(use: _MetricUse, metrics_by_cell: Sequence[frozenset[str]]) -> None:
    """Some of the rows can have it."""
    name = base_name(use.metric)
    metrics = {*in_scope("cell", "run", "cost")}.union(*metrics_by_cell)
    if name in metrics or name.startswith(FREE) or f"{name.partition('_at_')[0]}_at_*" in metrics:
        return
    row = "no row of this sweep" if use.row is None else f"the row {value_text(use.row)}"
    hint = did_you_mean(name, metrics) or "."
    raise StepladderError(f"{use.where} names the metric {use.metric!r}, which {row} can have{hint} There are: {_metric_list(metrics)}.")


def _metric_list(metrics: Iterable[str]) -> str:
    return ", ".join(sorted(name.replace("_at_*", "_at_GROUP") for name in metrics))


def _check_distinct_rows(cells: Sequence[Cell], better: str, worse: str, axes: TableAxes) -> None:
    for a, b in cell_pairs(cells, better, worse, axes, "sweep.comparisons"):
        if a is b:
            raise StepladderError(f"sweep.comparisons compares {better!r} with itself. Name another row in better or worse.")


def _check_card(card: Card, cells: Sequence[Cell], axes: TableAxes, where: str) -> None:
    """An order has two rows and a direction; what else a card names is one cell."""
    if not isinstance(card, OrderCard):
        for _, label in _metrics_and_rows(card):
            _check_single_cell(cells, label, axes, where)
        return
    if any(a is b for a, b in cell_pairs(cells, card.better, card.worse, axes, where)):
        raise StepladderError(f"{where} compares {value_text(card.better)!r} with itself. Name another row in better or worse.")
    metric_direction = direction(card.metric)
    if not metric_direction and card.direction is None:
        raise StepladderError(
            f"{where}: which way {card.metric} is better is not known, so the claim could neither hold nor fail. "
            'Add direction = "higher" or direction = "lower", the one that the claim calls better.'
        )
    if metric_direction and card.direction is not None and card.sign != metric_direction:
        raise StepladderError(f"{where}: {card.metric} is better the other way round than direction = {card.direction}. Leave it out.")


def _check_single_cell(cells: Sequence[Cell], label: Label, axes: TableAxes, where: str) -> None:
    indices = find_indices([cell.labels for cell in cells], label, *axes, where=where)
    if len(indices) > 1:
        raise StepladderError(
            f"{where} names {value_text(label)!r}, which is {len(indices)} cells: name the column too, as in {{axis: value, axis: value}}."
        )
