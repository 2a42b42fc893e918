"""The comparisons that a table's spec and its claims name: one family, so that Holm's correction says one thing of one pair."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from research.compare.card_schema import OrderCard, read_cards
from research.compare.cell_labels import find_indices, label_text
from research.compare.cells import Cell, Manifest, TableAxes, axes_of, read_spec
from research.compare.comparisons import RowComparison, cell_pairs, compare_cells, holm_adjust

Pair = tuple[Cell, Cell, str]  # two rows and a metric


class Families(NamedTuple):
    """What the spec names, and what each order among the claims needs, by its number among them; all corrected together."""

    named: tuple[RowComparison, ...]
    orders: Mapping[int, tuple[RowComparison, ...]]
    tested: int  # how many tests Holm's correction is over


def comparison_families(manifest: Manifest, cells: Sequence[Cell], where: str = "expected.json") -> Families:
    """Every named comparison. A pair that is named twice, either way round, is tested once and counts once."""
    axes = axes_of(manifest)
    cards = read_cards(manifest.get("cards") or [], where)
    named_pairs = _named_pairs(manifest, cells, axes)
    orders = {
        index: [(a, b, card.metric) for a, b in cell_pairs(cells, card.better, card.worse, axes, where)]
        for index, card in enumerate(cards)
        if isinstance(card, OrderCard)
    }
    all_pairs = [*named_pairs, *(pair for order in orders.values() for pair in order)]
    comparisons = _compare_all(all_pairs, axes)
    tested_pairs = {
        (frozenset((a.cell_id, b.cell_id)), metric) for a, b, metric in all_pairs if comparisons[_key(a, b, metric)].p is not None
    }

    def family_comparisons(family: Iterable[Pair]) -> tuple[RowComparison, ...]:
        return tuple(comparisons[_key(*pair)] for pair in family)

    return Families(
        family_comparisons(named_pairs), {index: family_comparisons(order) for index, order in orders.items()}, len(tested_pairs)
    )


def named_comparisons(manifest: Manifest, cells: Sequence[Cell]) -> tuple[RowComparison, ...]:
    """The comparisons of the spec; without any, every row against the baseline, or else none."""
    return comparison_families(manifest, cells).named


def _named_pairs(manifest: Manifest, cells: Sequence[Cell], axes: TableAxes) -> list[Pair]:
    spec = read_spec(manifest)
    row_pairs: list[tuple[str, str]] = [(comparison.better, comparison.worse) for comparison in spec.comparisons]
    if not row_pairs and spec.table.baseline is not None:
        baseline_indices = find_indices([cell.labels for cell in cells], spec.table.baseline, *axes, where="table.baseline")
        rows = dict.fromkeys(label_text(cell.labels, axes.rows) for i, cell in enumerate(cells) if i not in baseline_indices)
        row_pairs = [(row, spec.table.baseline) for row in rows]
    return [
        (a, b, spec.metric) for better, worse in row_pairs for a, b in cell_pairs(cells, better, worse, axes, "a comparison of the spec")
    ]


def _key(a: Cell, b: Cell, metric: str) -> tuple[int, int, str]:
    return id(a), id(b), metric


def _compare_all(all_pairs: Iterable[Pair], axes: TableAxes) -> dict[tuple[int, int, str], RowComparison]:
    """Each pair's comparison by its key. Two rows that are one cell, and a pair the other way round, are the same test."""
    comparisons = {_key(*pair): (pair, compare_cells(*pair, axes)) for pair in all_pairs}
    tests: dict[tuple[frozenset[str], str], RowComparison] = {}
    for (a, b, metric), comparison in comparisons.values():
        tests.setdefault((frozenset((a.cell_id, b.cell_id)), metric), comparison)
    adjusted = dict(zip(tests, holm_adjust(list(tests.values())), strict=True))
    return {
        key: _with_correction(adjusted[frozenset((a.cell_id, b.cell_id)), metric], comparison)
        for key, ((a, b, metric), comparison) in comparisons.items()
    }


def _with_correction(corrected: RowComparison, comparison: RowComparison) -> RowComparison:
    return replace(comparison, p_holm=corrected.p_holm, significant=corrected.significant)
