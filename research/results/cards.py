"""A paper card is data: what was published or claimed, committed before the run that is judged, and what became of it."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationError, model_validator

from research.config.errors import StepladderError
from research.config.explain import explain
from research.config.node import Node, Strings
from research.results.cells import Axes, Cell, Manifest, axes_of
from research.results.comparisons import Comparison, adjust, compare, pairs, why_incomparable
from research.results.labels import find_indices, value_text
from research.results.measures import decimals, decimals_of, number, scale, title
from research.results.sheets import DASH, Heading, Sheet, Text, Tone, p_text
from research.results.tables import measure_cell

Label = str | dict[str, Any]


class Published(Node):
    """A number that was published, and how near ours must come."""

    kind: Literal["number"]
    label: Label
    metric: str
    published: float
    tolerance: float | None = Field(default=None, ge=0)  # in the metric's own unit
    relative_tolerance: float | None = Field(default=None, ge=0)  # as a share of the published number
    source: str
    deviations: Strings = ()  # of our protocol from theirs

    @model_validator(mode="after")
    def _one_tolerance(self) -> "Published":
        if (self.tolerance is None) == (self.relative_tolerance is None):
            raise ValueError("a number needs either tolerance or relative_tolerance")
        return self


class Order(Node):
    """A claim that one row is better than another; the significance tests decide it."""

    kind: Literal["order"]
    claim: str
    better: Label
    worse: Label
    metric: str
    source: str
    deviations: Strings = ()


class _Bounded(Node):
    at_most: float | None = None
    at_least: float | None = None

    @model_validator(mode="after")
    def _a_bound(self) -> "_Bounded":
        if self.at_most is None and self.at_least is None:
            raise ValueError("a bound needs at_most, at_least or both")
        return self


class Floor(_Bounded):
    """A claim that a row's mean lies within a bound."""

    kind: Literal["floor"]
    claim: str
    label: Label
    metric: str
    source: str = ""
    deviations: Strings = ()


class Quantity(Node):
    """One row's metric."""

    label: Label
    metric: str


class Ratio(_Bounded):
    """A claim that the ratio of two means lies within a bound."""

    kind: Literal["ratio"]
    claim: str
    numerator: Quantity
    denominator: Quantity
    source: str = ""
    deviations: Strings = ()


Card = Annotated[Published | Order | Floor | Ratio, Field(discriminator="kind")]


class _One(Node):
    card: Card


@dataclass(frozen=True)
class Judgement:
    """One line of the report."""

    claim: str
    paper: str
    ours: str
    verdict: Literal["within", "outside", "holds", "fails", "not shown", "not comparable", "not run here"]
    source: str
    deviations: tuple[str, ...]


def read_cards(entries: Sequence[dict[str, Any]], where: str = "expected.json") -> tuple[Card, ...]:
    """The cards, checked. StepladderError names the entry, what is wrong with it, and the nearest right key."""
    if not isinstance(entries, list | tuple) or not all(isinstance(entry, dict) for entry in entries):
        raise StepladderError(f'{where} must be a list of cards, such as [{{"kind": "number", "label": "lstm", ...}}].')
    return tuple(_read_card(entry, f"{where}, card {at}") for at, entry in enumerate(entries, start=1))


def _read_card(entry: dict[str, Any], where: str) -> Card:
    tree = {"card": {key: tuple(item) if isinstance(item, list) else item for key, item in entry.items()}}
    try:
        return _One.model_validate(tree).card
    except ValidationError as error:
        told = explain(error, _One, tree, lambda _: where).replace("`card`: ", "").replace("card.", "")
        raise StepladderError(re.sub(r", or \w+=\.\.\. on the command line", "", told)) from None


def judge_cards(manifest: Manifest, cells: Sequence[Cell], where: str = "expected.json") -> tuple[Judgement, ...]:
    """What became of each card of the manifest, in order. Holm's correction runs over all the orders together."""
    cards, axes = read_cards(manifest.get("cards") or [], where), axes_of(manifest)
    orders = {i: _orders(card, cells, axes, where) for i, card in enumerate(cards) if isinstance(card, Order)}
    decided = iter(adjust([comparison for family in orders.values() for comparison in family]))
    families = {i: [next(decided) for _ in family] for i, family in orders.items()}
    return tuple(
        _judge_order(card, families[i]) if isinstance(card, Order) else JUDGES[type(card)](card, cells, axes, where)
        for i, card in enumerate(cards)
    )


def _orders(card: Order, cells: Sequence[Cell], axes: Axes, where: str) -> list[Comparison]:
    return [compare(a, b, card.metric, axes) for a, b in pairs(cells, card.better, card.worse, axes, where)]


def _judge_order(card: Order, family: Sequence[Comparison]) -> Judgement:
    """It holds if every pair does; it fails if any is significantly the other way round; else it was not shown.

    Where a pair does not compare, neither does the claim.
    """
    verdicts = {comparison.verdict for comparison in family}
    ours = "; ".join(map(_said_difference, family))
    verdict: Any = "fails" if "worse" in verdicts else "not run here" if "not run" in verdicts else "not shown"
    decided: Any = "not comparable" if "not comparable" in verdicts else "holds" if verdicts == {"better"} else verdict
    return _judgement(card, card.claim, "", ours, decided)


def _said_difference(comparison: Comparison) -> str:
    column = f"{comparison.column}: " if comparison.column else ""
    if comparison.difference is None:
        return DASH if comparison.comparable else column + comparison.note
    if not math.isfinite(comparison.difference):
        return column + comparison.note
    difference = comparison.difference * scale(comparison.metric)
    places = max(0, decimals((), (difference,)) - 1)
    p = p_text(comparison.p_holm)
    return f"{column}{difference:+.{places}f}".replace("-", "\N{MINUS SIGN}") + f" (p {p if p.startswith('<') else f'= {p}'})"


def _judge_number(card: Published, cells: Sequence[Cell], axes: Axes, where: str) -> Judgement:
    tolerance = card.tolerance if card.tolerance is not None else abs(card.published) * (card.relative_tolerance or 0.0)
    found = _find(cells, Quantity(label=card.label, metric=card.metric), axes, where)
    mean = _mean(found, card.metric)
    paper = f"{card.published * scale(card.metric):g} (± {tolerance * scale(card.metric):.3g})"
    verdict: Any = "not run here" if mean is None else "within" if abs(mean - card.published) <= tolerance else "outside"
    return _judgement(card, f"{value_text(card.label)}, {title(card.metric)}", paper, _said(found, card.metric), verdict)


def _judge_floor(card: Floor, cells: Sequence[Cell], axes: Axes, where: str) -> Judgement:
    found = _find(cells, Quantity(label=card.label, metric=card.metric), axes, where)
    verdict = _bounded(card, _mean(found, card.metric))
    return _judgement(card, card.claim, _said_bound(card, card.metric), _said(found, card.metric), verdict)


def _judge_ratio(card: Ratio, cells: Sequence[Cell], axes: Axes, where: str) -> Judgement:
    parts = (card.numerator, card.denominator)
    over, under = (_find(cells, part, axes, where) for part in parts)
    above, below = _mean(over, card.numerator.metric), _mean(under, card.denominator.metric)
    ratio = None if above is None or not below else above / below
    if ratio is not None and (reason := next(filter(None, (why_incomparable(over, under, part.metric) for part in parts)), "")):
        return _judgement(card, card.claim, _said_bound(card, ""), reason, "not comparable")
    return _judgement(card, card.claim, _said_bound(card, ""), DASH if ratio is None else f"{ratio:.3g}", _bounded(card, ratio))


JUDGES: dict[type, Callable[..., Judgement]] = {Published: _judge_number, Floor: _judge_floor, Ratio: _judge_ratio}


def _find(cells: Sequence[Cell], wanted: Quantity, axes: Axes, where: str) -> Cell:
    found = find_indices([cell.labels for cell in cells], wanted.label, *axes, where=where)
    if len(found) > 1:
        said = value_text(wanted.label)
        raise StepladderError(
            f"{where} names {said!r}, which is {len(found)} cells: name the column too, as in {{axis: value, axis: value}}."
        )
    return cells[found[0]]


def _mean(cell: Cell, metric: str) -> float | None:
    values = list(cell.values(metric).values())
    return float(np.mean(values)) if values else cell.fixed(metric)


def _said(cell: Cell, metric: str) -> str:
    interval, source, values = measure_cell(cell, metric)
    if interval is None:
        return "cannot" if cell.cannot else "no such metric" if cell.results else DASH
    if source == "none":
        return number(metric, interval.mean)
    places = decimals_of(metric, (interval.half * scale(metric),), ())
    star = "*" if source == "items" else f" (n = {len(values)})"
    return f"{number(metric, interval.mean, places)} ± {interval.half * scale(metric):.{places}f}{star}"


def _bounded(card: Floor | Ratio, value: float | None) -> Any:
    if value is None:
        return "not run here"
    low, high = (card.at_least, card.at_most)
    return "holds" if (low is None or value >= low) and (high is None or value <= high) else "fails"


def _said_bound(card: Floor | Ratio, metric: str) -> str:
    bounds = (("at least", card.at_least), ("at most", card.at_most))
    return " and ".join(f"{side} {number(metric, bound) if metric else f'{bound:g}'}" for side, bound in bounds if bound is not None)


def _judgement(card: Published | Order | Floor | Ratio, claim: str, paper: str, ours: str, verdict: Any) -> Judgement:
    return Judgement(claim, paper, ours, verdict, card.source, card.deviations)


TONES: dict[str, Tone] = {
    "within": "good",
    "holds": "good",
    "outside": "bad",
    "fails": "bad",
    "not shown": "quiet",
    "not comparable": "quiet",
    "not run here": "quiet",
}


def cards_sheet(judgements: Sequence[Judgement], name: str = "Expected and found") -> Sheet:
    """claim | paper | ours | verdict | source, with the deviations of our protocol below."""
    heads = ("claim", "published or claimed", "ours", "verdict", "source")
    rows = tuple(
        (Text(j.claim), Text(j.paper or DASH), Text(j.ours), Text(j.verdict, tone=TONES[j.verdict]), Text(j.source or DASH))
        for j in judgements
    )
    notes = tuple(f"{j.claim}: our protocol deviates: {'; '.join(j.deviations)}." for j in judgements if j.deviations)
    orders = any("(p " in j.ours for j in judgements)
    tested = ("An order holds, or fails, if the tests say so after Holm's correction over all of them; otherwise it is not shown.",)
    return Sheet(name, tuple(Heading(text, numeric=False) for text in heads), rows, 1, (*(tested if orders else ()), *notes))
