"""What became of each paper card: a number within its tolerance, a claim that holds or fails, or what is not decided and why."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from research.config.errors import StepladderError
from research.results.card_words import Card, Floor, Order, Published, Quantity, Ratio, read_cards
from research.results.cells import Axes, Cell, Manifest, axes_of
from research.results.comparisons import SEEDS_NEEDED, Comparison, pairs, shortfall, why_incomparable
from research.results.families import families
from research.results.labels import find_indices, place_text, value_text
from research.results.measures import decimals, decimals_of, number, scale, title
from research.results.sheets import DASH, Heading, Sheet, Text, Tone, p_text, spread_text
from research.results.tables import measure_cell

ON_ITEMS = " on these items"  # how a verdict ends that says nothing of other seeds


@dataclass(frozen=True)
class Judgement:
    """One line of the report."""

    claim: str
    paper: str
    ours: str
    verdict: str  # a word of TONES; of an order on few seeds with ON_ITEMS, of what is not decided with its seeds
    source: str
    deviations: tuple[str, ...]
    amended: str = ""


def judge_cards(manifest: Manifest, cells: Sequence[Cell], where: str = "expected.json") -> tuple[Judgement, ...]:
    """What became of each card of the manifest, in order. Holm's correction is over all the orders and the spec's comparisons."""
    cards, axes = read_cards(manifest.get("cards") or [], where), axes_of(manifest)
    orders = families(manifest, cells, where).orders
    return tuple(
        _judge_order(card, orders[at], cells, axes, where) if isinstance(card, Order) else JUDGES[type(card)](card, cells, axes, where)
        for at, card in enumerate(cards)
    )


def _judge_order(card: Order, family: Sequence[Comparison], cells: Sequence[Cell], axes: Axes, where: str) -> Judgement:
    """It holds if every pair does; it fails if any is significantly the other way round; else it was not shown.

    Where a pair does not compare, neither does the claim, and where seeds are lost or not finished it is not decided.
    """
    rows = {id(cell): (cell, card.metric) for pair in pairs(cells, card.better, card.worse, axes, where) for cell in pair}
    ours = "; ".join(map(_said_difference, family))
    return _judgement(card, card.claim, "", ours, _verdict(card, family, undecided(list(rows.values()), axes)))


def undecided(rows: Sequence[tuple[Cell, str]], axes: Axes) -> str:
    """Why nothing can be said yet, or never, of these cells and their metrics: "not run here", or of which seeds there is nothing."""
    if any(not cell.values(metric) and cell.fixed(metric) is None and _untouched(cell) for cell, metric in rows):
        return "not run here"
    short = {place_text(cell.labels, *axes): text for cell, metric in rows if (text := shortfall(cell, metric))}
    named = ", ".join(f"{text} ({place})" if len(rows) > 1 else text for place, text in short.items())
    return named and f"not decided: {named}"


def _untouched(cell: Cell) -> bool:
    return bool(cell.cannot) or set(cell.statuses.values()) <= {"not run"}


def _verdict(card: Order, family: Sequence[Comparison], open_yet: str) -> str:
    if any(not comparison.comparable for comparison in family):
        return "not comparable"
    if open_yet:
        return open_yet
    if any(comparison.difference is None for comparison in family):
        return "not run here"
    few = ON_ITEMS if any(comparison.seeds and not comparison.about_seeds for comparison in family) else ""
    signs = [comparison.significant * np.sign((comparison.difference or 0.0) * card.sign) for comparison in family]
    return f"fails{few}" if min(signs) < 0 else f"holds{few}" if min(signs) > 0 else "not shown"


def _said_difference(comparison: Comparison) -> str:
    column = f"{comparison.column}: " if comparison.column else ""
    if comparison.difference is None:
        return DASH if comparison.comparable else column + comparison.note
    if comparison.same_run:
        return column + comparison.verdict
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
    seen = "not run here" if mean is None else "within" if abs(mean - card.published) <= tolerance else "outside"
    verdict = undecided([(found, card.metric)], axes) or seen
    return _judgement(card, f"{value_text(card.label)}, {title(card.metric)}", paper, _said(found, card.metric), verdict)


def _judge_floor(card: Floor, cells: Sequence[Cell], axes: Axes, where: str) -> Judgement:
    found = _find(cells, Quantity(label=card.label, metric=card.metric), axes, where)
    verdict = undecided([(found, card.metric)], axes) or _bounded(card, _mean(found, card.metric))
    return _judgement(card, card.claim, _said_bound(card, card.metric), _said(found, card.metric), verdict)


def _judge_ratio(card: Ratio, cells: Sequence[Cell], axes: Axes, where: str) -> Judgement:
    parts = (card.numerator, card.denominator)
    over, under = (_find(cells, part, axes, where) for part in parts)
    above, below = _mean(over, card.numerator.metric), _mean(under, card.denominator.metric)
    ratio = None if above is None or not below else above / below
    if ratio is not None and (reason := next(filter(None, (why_incomparable(over, under, part.metric) for part in parts)), "")):
        return _judgement(card, card.claim, _said_bound(card, ""), reason, "not comparable")
    open_yet = undecided([(over, card.numerator.metric), (under, card.denominator.metric)], axes)
    return _judgement(card, card.claim, _said_bound(card, ""), DASH if ratio is None else f"{ratio:.3g}", open_yet or _bounded(card, ratio))


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
    places = decimals_of(metric, (interval.half * scale(metric),), (interval.mean * scale(metric),))
    star = "*" if source == "items" else f" (n = {len(values)})"
    return f"{number(metric, interval.mean, places)} {spread_text(interval, metric, places)}{star}"


def _bounded(card: Floor | Ratio, value: float | None) -> str:
    if value is None or math.isnan(value):
        return "not run here"
    low, high = (card.at_least, card.at_most)
    return "holds" if (low is None or value >= low) and (high is None or value <= high) else "fails"


def _said_bound(card: Floor | Ratio, metric: str) -> str:
    bounds = (("at least", card.at_least), ("at most", card.at_most))
    return " and ".join(f"{side} {number(metric, bound) if metric else f'{bound:g}'}" for side, bound in bounds if bound is not None)


def _judgement(card: Card, claim: str, paper: str, ours: str, verdict: str) -> Judgement:
    return Judgement(claim, paper, ours, verdict, card.source, card.deviations, card.amended)


TONES: dict[str, Tone] = {
    "within": "good",
    "holds": "good",
    "outside": "bad",
    "fails": "bad",
    "not shown": "quiet",
    "not comparable": "quiet",
    "not run here": "quiet",
}


def tone(verdict: str) -> Tone:
    """The tone of a verdict, whatever it says of seeds and items behind its word."""
    return TONES.get(verdict.removesuffix(ON_ITEMS), "quiet")


def cards_sheet(judgements: Sequence[Judgement], name: str = "Expected and found", changes: Sequence[str] = ()) -> Sheet:
    """claim | paper | ours | verdict | source. Below: how it was decided, the deviations of our protocol, and what was changed when."""
    heads = ("claim", "published or claimed", "ours", "verdict", "source")
    rows = tuple(
        (Text(j.claim), Text(j.paper or DASH), Text(j.ours), Text(j.verdict, tone=tone(j.verdict)), Text(j.source or DASH))
        for j in judgements
    )
    deviations = [f"{j.claim}: our protocol deviates: {'; '.join(j.deviations)}." for j in judgements if j.deviations]
    amended = [f"{j.claim}: amended: {j.amended.rstrip('.')}." for j in judgements if j.amended]
    headings = tuple(Heading(text, numeric=False) for text in heads)
    return Sheet(name, headings, rows, 1, (*_decided_by(judgements), *deviations, *amended, *changes))


def _decided_by(judgements: Sequence[Judgement]) -> list[str]:
    notes = []
    if any("(p " in j.ours for j in judgements):
        notes.append(
            "An order holds, or fails, if the tests say so after Holm's correction over all orders and the comparisons of the spec "
            "together; otherwise it is not shown."
        )
    if any(j.verdict.endswith(ON_ITEMS) for j in judgements):
        notes.append(f"On these items: fewer than {SEEDS_NEEDED} seeds, so that nothing is said of what other seeds would do.")
    if any(re.search(r"\(n = [1-4]\)", j.ours) for j in judgements):
        notes.append(f"A mean of fewer than {SEEDS_NEEDED} seeds (n beside it) is judged as it is; other seeds may differ.")
    if any(j.verdict.startswith("not decided") for j in judgements):
        notes.append("Not decided: seeds are lost or not finished, and those that did finish may be the better ones.")
    return notes


def card_changes(manifest: Manifest) -> list[str]:
    """What became of the cards since the launch, by their claims: both versions, for those of the launch are judged.

    The manifest holds the cards of its launch under `cards`, and today's, where the report knows them, under `cards_today`.
    """
    if "cards_today" not in manifest:
        return []
    then, now = ({_claim(entry): entry for entry in manifest.get(key) or []} for key in ("cards", "cards_today"))
    lines = []
    for claim in dict.fromkeys((*then, *now)):
        if claim not in then:
            lines.append(f"{claim}: added since launch, and not judged.")
        elif claim not in now:
            lines.append(f"{claim}: taken out since launch, and judged all the same.")
        elif then[claim] != now[claim]:
            lines.append(f"{claim}: changed since launch. {_versions(then[claim], now[claim])}")
    return lines


def _claim(entry: Mapping[str, Any]) -> str:
    return str(entry.get("claim") or f"{value_text(entry.get('label'))}, {title(str(entry.get('metric')))}")


def _versions(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    keys = [key for key in dict.fromkeys((*then, *now)) if then.get(key) != now.get(key)]
    said = lambda entry: ", ".join(f"{key} = {json.dumps(entry[key], ensure_ascii=False)}" if key in entry else f"no {key}" for key in keys)
    return f"Launched and judged with {said(then)}; now {said(now)}."
