"""Is one cell better than another? Seeds and test items each have a say, and Holm's correction the last word."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from research.compare.cell_labels import Labels, column_text, find_indices, label_text
from research.compare.cells import Cell, TableAxes
from research.compare.item_tests import count_clusters, has_statistic, paired_items
from research.compare.significance import both_p, paired_t, seeds_estimate
from research.compare.statistics import Items, comparable, holm
from research.runs.measures import base_name, direction, scored_name

LEVEL = 0.05
SEEDS_NEEDED = 5  # for a claim about seeds


@dataclass(frozen=True)
class RowComparison:
    """Whether the row `better` is better than the row `worse`. `p_holm` and `significant` are set by `holm_adjust`."""

    better: str
    worse: str
    column: str
    metric: str
    difference: float | None  # better - worse, means over the common seeds, in the metric's unit; None where it has no value or no sense
    p_seeds: float | None  # paired t over seeds; None with fewer than five common seeds, or where they are alike and items decide
    p_items: float | None  # paired over test items; None where the items cannot be compared
    p_both: float | None = None  # of both sources of noise together; None where either has no test
    seeds: int = 0  # common seeds, which the difference and the tests are over; 0 of two deterministic rows
    items: int | None = None  # test items that both scored; None as p_items
    clusters: int | None = None  # groups of items that the tests keep together: as many as items where each stands alone
    note: str = ""
    contradicted: bool = False  # by a seed, where there are too few of them to test
    comparable: bool = True  # whether both predicted the same targets
    same_run: bool = False  # both rows are one cell
    p_holm: float | None = None
    significant: bool = False

    @property
    def p(self) -> float | None:
        """The largest: it is below a level only if every test that exists is."""
        p_values = [p for p in (self.p_seeds, self.p_items, self.p_both) if p is not None]
        return max(p_values) if p_values else None

    @property
    def tested(self) -> bool:
        """Whether a test was made that could tell the rows apart: alone, one group of items tells nothing."""
        return self.p is not None and (self.p_seeds is not None or self.clusters != 1)

    @property
    def about_seeds(self) -> bool:
        """Whether the verdict is about what further seeds would do, and not only about these runs on these items."""
        return self.seeds >= SEEDS_NEEDED

    @property
    def verdict(self) -> str:
        """better | worse | higher | lower | not different | the same run | not comparable | not run | not tested.

        Higher and lower are of metrics without a direction: costs, counts, and what else nobody called good.
        """
        if self.same_run:
            return "the same run"
        if not self.comparable:
            return "not comparable"
        if self.difference is None:
            return "not run"
        if not self.tested:
            return "not tested"
        if not self.significant:
            return "not different"
        sign = direction(self.metric)
        words = ("better", "worse") if sign else ("higher", "lower")
        return words[self.difference * (sign or 1) < 0]


class CommonSeeds(NamedTuple):
    """The seeds that two cells share: those of each, in pairs, and how many they are; 0 of two deterministic cells, which are one pair."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    pairs: tuple[tuple[float, float], ...]  # both values at each
    number: int


def compare_cells(a: Cell, b: Cell, metric: str, axes: TableAxes) -> RowComparison:
    """Every test of one pair, before any correction; swapping the rows turns the difference round and changes nothing else.

    The difference and all tests are over the seeds that both finished (a deterministic cell has the same value beside every seed),
    and look in the direction of the difference. With fewer than five seeds none is over seeds, but a difference that has not the same
    sign on each of them is never significant. Items are of `test` and of prompts only.
    Two cells with values that did not predict the same targets have no difference and no test, and a cell has none with itself.
    """
    rows = label_text(a.labels, axes.rows), label_text(b.labels, axes.rows)
    if a.cell_id == b.cell_id and not a.cannot:
        return RowComparison(*rows, _column_text(a, b, axes), metric, 0.0 if a.values(metric) else None, None, None, same_run=True)
    if a.values(metric) and b.values(metric) and (reason := why_incomparable(a, b, metric)):
        return RowComparison(*rows, _column_text(a, b, axes), metric, None, None, None, note=reason, comparable=False)
    seeds = common_seeds(a, b, metric)
    if not seeds.pairs:
        note = "no seed in common" if a.values(metric) and b.values(metric) else ""
        return RowComparison(*rows, _column_text(a, b, axes), metric, None, None, None, note=note)
    with np.errstate(invalid="ignore"):
        differences = np.array([np.subtract(x, y) for x, y in seeds.pairs])
        difference = float(differences.mean())
    if not math.isfinite(difference):
        return _infinite_comparison(a, b, metric, axes, difference)
    return _tested_comparison(a, b, metric, axes, seeds, differences)


def _tested_comparison(a: Cell, b: Cell, metric: str, axes: TableAxes, seeds: CommonSeeds, differences: np.ndarray) -> RowComparison:
    """Of a finite difference, in its direction. `differences`: of each common seed."""
    difference = float(differences.mean())
    has_enough_seeds, seed_values = seeds.number >= SEEDS_NEEDED, np.array(seeds.pairs).T
    seed_estimate = seeds_estimate(*seed_values) if has_enough_seeds else None
    contradicted = not has_enough_seeds and bool(np.any(differences * difference <= 0))
    items = _common_items(a, b, metric, seeds)
    item_test = None if items is None else paired_items(*items, scored_name(base_name(metric))[1], float(np.sign(difference)))
    p_items = None if item_test is None else item_test.p
    seeds_alike = seed_estimate is not None and item_test is not None and math.isinf(seed_estimate.t)
    p_seeds = paired_t(*seed_values) if has_enough_seeds and not seeds_alike else None
    p_both = None
    if seed_estimate is not None and item_test is not None and not seeds_alike:
        p_both = both_p(seed_estimate, item_test.difference, float(np.sign(difference)))
    disagreement = _disagreement(seed_values, contradicted)
    return RowComparison(
        label_text(a.labels, axes.rows),
        label_text(b.labels, axes.rows),
        column=_column_text(a, b, axes),
        metric=metric,
        difference=difference,
        p_seeds=p_seeds,
        p_items=p_items,
        p_both=p_both,
        seeds=seeds.number,
        items=None if items is None else len(items[0].id),
        clusters=None if items is None else count_clusters(*items),
        note="seeds without spread: items only" if seeds_alike else _seeds_note(seeds.number, disagreement, p_seeds, p_items),
        contradicted=contradicted,
    )


def _infinite_comparison(a: Cell, b: Cell, metric: str, axes: TableAxes, difference: float) -> RowComparison:
    """A comparison with an infinite mean: which is lower is plain, and no test says how often."""
    rows = label_text(a.labels, axes.rows), label_text(b.labels, axes.rows)
    note = "both are infinite" if math.isnan(difference) else f"{rows[0 if has_infinite_value(a, metric) else 1]} is infinite"
    return RowComparison(*rows, _column_text(a, b, axes), metric, difference, None, None, note=note)


def has_infinite_value(cell: Cell, metric: str) -> bool:
    """Whether its mean is, as a seed's value is."""
    return any(map(math.isinf, cell.values(metric).values()))


def why_incomparable(a: Cell, b: Cell, metric: str) -> str:
    """Nothing where the metric of two cells compares, or is of no split that is scored: a cost, a count, a loss in training."""
    split, statistic = scored_name(base_name(metric))
    scored_a, scored_b = a.scored(split), b.scored(split)
    if split not in ("valid", "test", "prompts") or comparable(scored_a, scored_b, statistic):
        return ""
    if scored_a.text is None or scored_b.text is None:
        return f"other {split} items or tokens"
    return f"the same {split} text, but other targets" if scored_a.text == scored_b.text else f"other {split} data"


def _disagreement(seed_values: Float[np.ndarray, "2 seeds"], contradicted: bool) -> str:
    """What too few seeds say of each other, where they do not say the same sign."""
    if not contradicted:
        return ""
    return ", and they disagree" if np.any(seed_values[0] != seed_values[1]) else ", and the rows are equal"


def _seeds_note(seeds: int, disagreement: str, p_seeds: float | None, p_items: float | None) -> str:
    if p_seeds is not None:
        return "seeds only: no items to compare" if p_items is None else ""
    prefix = (f"fewer than {SEEDS_NEEDED} seeds" if seeds else "one run each") + disagreement
    return f"{prefix}, and no items to compare" if p_items is None else prefix if disagreement else f"{prefix}: items only"


def _column_text(a: Cell, b: Cell, axes: TableAxes) -> str:
    return " : ".join(dict.fromkeys(column_text(cell.labels, axes.columns) for cell in (a, b)))


def common_seeds(a: Cell, b: Cell, metric: str) -> CommonSeeds:
    """The seeds at which both have the metric. The one run of a deterministic cell stands beside every seed of the other."""
    values_a, values_b = a.values(metric), b.values(metric)

    def pairing(cell: Cell, values: Mapping[int, float], other_values: Mapping[int, float]) -> dict[int, int]:
        """The cell's own seed by the seed that it is compared at."""
        if cell.deterministic and values:
            return {seed: next(iter(values)) for seed in other_values}
        return {seed: seed for seed in values}

    left, right = pairing(a, values_a, values_b), pairing(b, values_b, values_a)
    if a.deterministic and b.deterministic:
        left, right = ({0: next(iter(values))} if values else {} for values in (values_a, values_b))
    seeds = sorted(left.keys() & right.keys())
    pairs = tuple((values_a[left[seed]], values_b[right[seed]]) for seed in seeds)
    number = 0 if a.deterministic and b.deterministic else len(seeds)
    return CommonSeeds(tuple(left[seed] for seed in seeds), tuple(right[seed] for seed in seeds), pairs, number)


def _common_items(a: Cell, b: Cell, metric: str, seeds: CommonSeeds) -> tuple[Items, Items] | None:
    """The items of both over the common seeds, if they hold the metric."""
    split, statistic = scored_name(base_name(metric))
    items_a, items_b = a.scored(split, seeds.left).items, b.scored(split, seeds.right).items
    if items_a is None or items_b is None or not (has_statistic(items_a, statistic) and has_statistic(items_b, statistic)):
        return None
    return items_a, items_b


def shortfall(cell: Cell, metric: str) -> str:
    """How many of its seeds, or trials, a cell has the metric of, where some are lost or not finished and nothing is decided; else ""."""
    measured = len(cell.values(metric))
    if cell.cannot or cell.fixed(metric) is not None:
        return ""
    if cell.open_trials:
        return f"{cell.ended_trials} trials"
    if measured == len(cell.seeds) or set(cell.statuses.values()) == {"done"}:
        return ""
    return f"{measured} of {len(cell.seeds)} seeds"


def holm_adjust(family: Sequence[RowComparison], level: float = LEVEL) -> tuple[RowComparison, ...]:
    """Holm's correction over a family. Comparisons without a p value take no part in it."""
    p_values = [comparison.p for comparison in family if comparison.p is not None]
    adjusted = iter(holm(p_values))

    def corrected(comparison: RowComparison) -> RowComparison:
        if comparison.p is None:
            return comparison
        p = next(adjusted)
        return replace(comparison, p_holm=p, significant=p < level and not comparison.contradicted)

    return tuple(map(corrected, family))


def cell_pairs(cells: Sequence[Cell], better: str | Labels, worse: str | Labels, axes: TableAxes, where: str) -> list[tuple[Cell, Cell]]:
    """The pairs of cells that two labels mean: of the same column, or, where one label means one cell and its column has none, all."""
    cell_labels = [cell.labels for cell in cells]
    better_cells, worse_cells = (tuple(cells[i] for i in find_indices(cell_labels, label, *axes, where=where)) for label in (better, worse))
    column = lambda cell: label_text(cell.labels, axes.columns)
    same_column = [(a, b) for a in better_cells for b in worse_cells if column(a) == column(b)]
    if same_column or min(len(better_cells), len(worse_cells)) > 1:
        return same_column
    return [(a, b) for a in better_cells for b in worse_cells]


def unranked(cells: Sequence[Cell], metric: str) -> tuple[int, ...]:
    """The cells with a value that does not compare with those of most others; all of them where no such group is the largest."""
    groups: list[list[int]] = []
    for i, cell in enumerate(cells):
        if cell.values(metric):
            group = next((candidate for candidate in groups if not why_incomparable(cells[candidate[0]], cell, metric)), None)
            groups.append([i]) if group is None else group.append(i)
    largest = max(map(len, groups), default=0)
    ranked = [group for group in groups if len(group) == largest]
    return tuple(sorted(i for group in groups if len(ranked) > 1 or group is not ranked[0] for i in group))


@dataclass(frozen=True)
class BestRow:
    """The best of a column: the first of `cells` by mean, with those that no test tells from it."""

    index: int
    rivals: tuple[int, ...]  # not distinguishable from the best
    tested: int  # comparisons made
    notes: tuple[str, ...]  # which tests could not be made
    untested: tuple[int, ...] = ()  # the rivals against which there is no test
    twins: tuple[int, ...] = ()  # other places of the very same cell

    @property
    def clear(self) -> bool:
        """Whether it is significantly better than every other."""
        return self.tested > 0 and not self.rivals


def find_best(cells: Sequence[Cell], metric: str, axes: TableAxes) -> BestRow | None:
    """The best mean among the cells, tested against each other one with Holm's correction; None without two cells or a direction.

    What is `unranked` takes no part, and what is infinite needs no test to be the worst.
    """
    sign, excluded = direction(metric), unranked(cells, metric)
    means = {
        i: float(np.mean(list(values.values()))) for i, cell in enumerate(cells) if i not in excluded and (values := cell.values(metric))
    }
    if not sign or len(means) < 2 or not any(map(math.isfinite, means.values())):
        return None
    best = max(means, key=lambda i: sign * means[i])
    twins = tuple(i for i in means if i != best and cells[i].cell_id == cells[best].cell_id)
    others = [i for i in means if i not in (best, *twins) and math.isfinite(means[i])]
    family = holm_adjust([compare_cells(cells[best], cells[i], metric, axes) for i in others])
    rivals = tuple(i for i, comparison in zip(others, family, strict=True) if not comparison.significant)
    untested = tuple(i for i, comparison in zip(others, family, strict=True) if not comparison.tested)
    notes = tuple(dict.fromkeys(comparison.note for comparison in family if comparison.note))
    return BestRow(best, rivals, len(others), notes, untested, twins)
