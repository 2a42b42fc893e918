"""What became of each paper card: a number within its tolerance, a claim that holds or fails, or what is not decided and why."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from research.compare.card_schema import Card, FloorCard, NumberCard, OrderCard, Quantity, RatioCard, read_cards
from research.compare.cell_labels import find_indices, place_text, value_text
from research.compare.cells import Cell, Manifest, TableAxes, axes_of
from research.compare.comparisons import RowComparison, cell_pairs, shortfall, why_incomparable
from research.compare.families import comparison_families
from research.compare.number_texts import DASH, p_text, spread_text
from research.compare.tables import measure_cell
from research.config.errors import StepladderError
from research.runs.measures import decimals, decimals_of, number, scale, title

ON_ITEMS = " on these items"  # how a verdict ends that says nothing of other seeds


@dataclass(frozen=True)
class CardResult:
    """One line of the report."""

    claim: str
    paper: str
    ours: str
    verdict: str  # a word of TONES; of an order on few seeds with ON_ITEMS, of what is not decided with its seeds
    source: str
    deviations: tuple[str, ...]
    amended: str = ""


def evaluate_cards(manifest: Manifest, cells: Sequence[Cell], where: str = "expected.json") -> tuple[CardResult, ...]:
    """What became of each card of the manifest, in order. Holm's correction is over all the orders and the spec's comparisons."""
    cards, axes = read_cards(manifest.get("cards") or [], where), axes_of(manifest)
    orders = comparison_families(manifest, cells, where).orders
    return tuple(
        _evaluate_order(card, orders[index], cells, axes, where)
        if isinstance(card, OrderCard)
        else CARD_EVALUATORS[type(card)](card, cells, axes, where)
        for index, card in enumerate(cards)
    )


def _evaluate_order(card: OrderCard, family: Sequence[RowComparison], cells: Sequence[Cell], axes: TableAxes, where: str) -> CardResult:
    """It holds if every pair does; it fails if any is significantly the other way round; else it was not shown.

    Where a pair does not compare, neither does the claim, and where seeds are lost or not finished it is not decided.
    """
    rows = {id(cell): (cell, card.metric) for pair in cell_pairs(cells, card.better, card.worse, axes, where) for cell in pair}
    ours = "; ".join(map(_difference_text, family))
    return _card_result(card, card.claim, "", ours, _verdict(card, family, undecided_reason(list(rows.values()), axes)))


def undecided_reason(rows: Sequence[tuple[Cell, str]], axes: TableAxes) -> str:
    """Why nothing can be said yet, or never, of these cells and their metrics: "not run here", or of which seeds there is nothing."""
    if any(not cell.values(metric) and cell.fixed(metric) is None and _is_not_run(cell) for cell, metric in rows):
        return "not run here"
    shortfalls = {place_text(cell.labels, *axes): text for cell, metric in rows if (text := shortfall(cell, metric))}
    reasons = ", ".join(f"{text} ({place})" if len(rows) > 1 else text for place, text in shortfalls.items())
    return reasons and f"not decided: {reasons}"


def _is_not_run(cell: Cell) -> bool:
    return bool(cell.cannot) or set(cell.statuses.values()) <= {"not run"}


def _verdict(card: OrderCard, family: Sequence[RowComparison], undecided_text: str) -> str:
    if any(not comparison.comparable for comparison in family):
        return "not comparable"
    if undecided_text:
        return undecided_text
    if any(comparison.difference is None for comparison in family):
        return "not run here"
    suffix = ON_ITEMS if any(comparison.seeds and not comparison.about_seeds for comparison in family) else ""
    signs = [comparison.significant * np.sign((comparison.difference or 0.0) * card.sign) for comparison in family]
    return f"fails{suffix}" if min(signs) < 0 else f"holds{suffix}" if min(signs) > 0 else "not shown"


def _difference_text(comparison: RowComparison) -> str:
    prefix = f"{comparison.column}: " if comparison.column else ""
    if comparison.difference is None:
        return DASH if comparison.comparable else prefix + comparison.note
    if comparison.same_run:
        return prefix + comparison.verdict
    if not math.isfinite(comparison.difference):
        return prefix + comparison.note
    difference = comparison.difference * scale(comparison.metric)
    places = max(0, decimals((), (difference,)) - 1)
    p = p_text(comparison.p_holm)
    return f"{prefix}{difference:+.{places}f}".replace("-", "\N{MINUS SIGN}") + f" (p {p if p.startswith('<') else f'= {p}'})"


def _evaluate_number(card: NumberCard, cells: Sequence[Cell], axes: TableAxes, where: str) -> CardResult:
    tolerance = card.tolerance if card.tolerance is not None else abs(card.published) * (card.relative_tolerance or 0.0)
    cell = _find_cell(cells, Quantity(label=card.label, metric=card.metric), axes, where)
    mean = _mean(cell, card.metric)
    paper = f"{card.published * scale(card.metric):g} (± {tolerance * scale(card.metric):.3g})"
    tolerance_verdict = "not run here" if mean is None else "within" if abs(mean - card.published) <= tolerance else "outside"
    verdict = undecided_reason([(cell, card.metric)], axes) or tolerance_verdict
    return _card_result(card, f"{value_text(card.label)}, {title(card.metric)}", paper, _measured_text(cell, card.metric), verdict)


def _evaluate_floor(card: FloorCard, cells: Sequence[Cell], axes: TableAxes, where: str) -> CardResult:
    cell = _find_cell(cells, Quantity(label=card.label, metric=card.metric), axes, where)
    verdict = undecided_reason([(cell, card.metric)], axes) or _bound_verdict(card, _mean(cell, card.metric))
    return _card_result(card, card.claim, _bound_text(card, card.metric), _measured_text(cell, card.metric), verdict)


def _evaluate_ratio(card: RatioCard, cells: Sequence[Cell], axes: TableAxes, where: str) -> CardResult:
    quantities = (card.numerator, card.denominator)
    numerator, denominator = (_find_cell(cells, quantity, axes, where) for quantity in quantities)
    numerator_mean, denominator_mean = _mean(numerator, card.numerator.metric), _mean(denominator, card.denominator.metric)
    ratio = None if numerator_mean is None or not denominator_mean else numerator_mean / denominator_mean
    if ratio is not None and (
        reason := next(filter(None, (why_incomparable(numerator, denominator, quantity.metric) for quantity in quantities)), "")
    ):
        return _card_result(card, card.claim, _bound_text(card, ""), reason, "not comparable")
    undecided_text = undecided_reason([(numerator, card.numerator.metric), (denominator, card.denominator.metric)], axes)
    return _card_result(
        card, card.claim, _bound_text(card, ""), DASH if ratio is None else f"{ratio:.3g}", undecided_text or _bound_verdict(card, ratio)
    )


CARD_EVALUATORS: dict[type, Callable[..., CardResult]] = {
    NumberCard: _evaluate_number,
    FloorCard: _evaluate_floor,
    RatioCard: _evaluate_ratio,
}


def _find_cell(cells: Sequence[Cell], quantity: Quantity, axes: TableAxes, where: str) -> Cell:
    indices = find_indices([cell.labels for cell in cells], quantity.label, *axes, where=where)
    if len(indices) > 1:
        label = value_text(quantity.label)
        raise StepladderError(
            f"{where} names {label!r}, which is {len(indices)} cells: name the column too, as in {{axis: value, axis: value}}."
        )
    return cells[indices[0]]


def _mean(cell: Cell, metric: str) -> float | None:
    values = list(cell.values(metric).values())
    return float(np.mean(values)) if values else cell.fixed(metric)


def _measured_text(cell: Cell, metric: str) -> str:
    interval, source, values = measure_cell(cell, metric)
    if interval is None:
        return "cannot" if cell.cannot else "no such metric" if cell.results else DASH
    if source == "none":
        return number(metric, interval.mean)
    places = decimals_of(metric, (interval.half * scale(metric),), (interval.mean * scale(metric),))
    suffix = "*" if source == "items" else f" (n = {len(values)})"
    return f"{number(metric, interval.mean, places)} {spread_text(interval, metric, places)}{suffix}"


def _bound_verdict(card: FloorCard | RatioCard, value: float | None) -> str:
    if value is None or math.isnan(value):
        return "not run here"
    low, high = (card.at_least, card.at_most)
    return "holds" if (low is None or value >= low) and (high is None or value <= high) else "fails"


def _bound_text(card: FloorCard | RatioCard, metric: str) -> str:
    bounds = (("at least", card.at_least), ("at most", card.at_most))
    return " and ".join(f"{side} {number(metric, bound) if metric else f'{bound:g}'}" for side, bound in bounds if bound is not None)


def _card_result(card: Card, claim: str, paper: str, ours: str, verdict: str) -> CardResult:
    return CardResult(claim, paper, ours, verdict, card.source, card.deviations, card.amended)
