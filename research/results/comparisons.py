"""Is one cell better than another? Seeds and test items each have a say, and Holm's correction the last word."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from research.results.cells import Axes, Cell, Manifest, axes_of, read_spec
from research.results.labels import column_text, find_indices, label_text
from research.results.measures import base_name, direction, scored_name
from research.results.statistics import comparable, has_statistic, holm, paired_items_p, paired_t

LEVEL = 0.05
SEEDS_NEEDED = 5  # for a claim about seeds


@dataclass(frozen=True)
class Comparison:
    """Whether `better` is better than `worse`. `p_holm` and `significant` are set by `adjust`."""

    better: str
    worse: str
    column: str
    metric: str
    difference: float | None  # mean of better - mean of worse, in the metric's unit; None if one has no value, or they do not compare
    p_seeds: float | None  # paired t; None with fewer than five common seeds
    p_items: float | None  # paired bootstrap; None where the items cannot be compared
    note: str = ""
    contradicted: bool = False  # by a seed, where there are too few of them to test
    comparable: bool = True  # whether both predicted the same targets
    p_holm: float | None = None
    significant: bool = False

    @property
    def p(self) -> float | None:
        """The larger of both: it is below a level only if every test that exists is."""
        known = [p for p in (self.p_seeds, self.p_items) if p is not None]
        return max(known) if known else None

    @property
    def verdict(self) -> str:
        """better | worse | not different | not comparable | not run | not tested."""
        if not self.comparable:
            return "not comparable"
        if self.difference is None:
            return "not run"
        if self.p is None:
            return "not tested"
        if not self.significant:
            return "not different"
        return "better" if self.difference * direction(self.metric) > 0 else "worse"


def compare(a: Cell, b: Cell, metric: str, axes: Axes) -> Comparison:
    """Both tests of one pair, before any correction.

    Seeds: the paired t test over the seeds that both finished; a deterministic cell has the same value beside every seed. With fewer
    than five there is no test, but a difference that has not the same sign on each of them is never significant.
    Items: the paired bootstrap over the test items, of losses averaged over seeds; for metrics of `test` only.
    Two cells with values that did not predict the same targets have no difference and no test.
    """
    if a.values(metric) and b.values(metric) and (reason := why_incomparable(a, b, metric)):
        rows = label_text(a.labels, axes.rows), label_text(b.labels, axes.rows)
        return Comparison(*rows, _column(a, b, axes), metric, None, None, None, note=reason, comparable=False)
    difference, pairs_of_seeds = _over_seeds(a, b, metric)
    if difference is not None and not math.isfinite(difference):
        return _untested(a, b, metric, axes, difference)
    p_seeds = paired_t(*zip(*pairs_of_seeds, strict=True)) if len(pairs_of_seeds) >= SEEDS_NEEDED else None
    contradicted = p_seeds is None and difference is not None and any((x - y) * difference <= 0 for x, y in pairs_of_seeds)
    p_items = None if difference is None else _over_items(a, b, metric)
    return Comparison(
        better=label_text(a.labels, axes.rows),
        worse=label_text(b.labels, axes.rows),
        column=_column(a, b, axes),
        metric=metric,
        difference=difference,
        p_seeds=p_seeds,
        p_items=p_items,
        note="" if difference is None else _note(len(pairs_of_seeds), contradicted, p_seeds, p_items),
        contradicted=contradicted,
    )


def _untested(a: Cell, b: Cell, metric: str, axes: Axes, difference: float) -> Comparison:
    """A comparison with an infinite mean: which is lower is plain, and no test says how often."""
    rows = label_text(a.labels, axes.rows), label_text(b.labels, axes.rows)
    note = "both are infinite" if math.isnan(difference) else f"{rows[0 if infinite(a, metric) else 1]} is infinite"
    return Comparison(*rows, _column(a, b, axes), metric, difference, None, None, note=note)


def infinite(cell: Cell, metric: str) -> bool:
    """Whether its mean is, as a seed's value is."""
    return any(map(math.isinf, cell.values(metric).values()))


def why_incomparable(a: Cell, b: Cell, metric: str) -> str:
    """Nothing where the metric of two cells compares, or is of no split that is scored: a cost, a count, a loss in training."""
    split, statistic = scored_name(base_name(metric))
    ours, theirs = a.scored(split), b.scored(split)
    if split not in ("valid", "test", "prompts") or comparable(ours, theirs, statistic):
        return ""
    if ours.text is None or theirs.text is None:
        return f"other {split} items or tokens"
    return f"the same {split} text, but other targets" if ours.text == theirs.text else f"other {split} data"


def _note(seeds: int, contradicted: bool, p_seeds: float | None, p_items: float | None) -> str:
    if p_seeds is not None:
        return "seeds only: no items to compare" if p_items is None else ""
    few = f"fewer than {SEEDS_NEEDED} seeds" if seeds else "one run each"
    few += ", and they disagree" if contradicted else ""
    return f"{few}, and no items to compare" if p_items is None else few if contradicted else f"{few}: items only"


def _column(a: Cell, b: Cell, axes: Axes) -> str:
    return " : ".join(dict.fromkeys(column_text(cell.labels, axes.columns) for cell in (a, b)))


def _over_seeds(a: Cell, b: Cell, metric: str) -> tuple[float | None, list[tuple[float, float]]]:
    """The difference of the means, and both values at each seed that both have; no pairs for two deterministic cells."""
    ours, theirs = a.values(metric), b.values(metric)
    if not ours or not theirs:
        return None, []
    with np.errstate(invalid="ignore"):
        difference = float(np.mean(list(ours.values())) - np.mean(list(theirs.values())))
    if a.deterministic and b.deterministic:
        return difference, []
    if a.deterministic:
        ours = dict.fromkeys(theirs, next(iter(ours.values())))
    if b.deterministic:
        theirs = dict.fromkeys(ours, next(iter(theirs.values())))
    return difference, [(ours[seed], theirs[seed]) for seed in sorted(ours.keys() & theirs.keys())]


def _over_items(a: Cell, b: Cell, metric: str) -> float | None:
    split, statistic = scored_name(base_name(metric))
    ours, theirs = a.scored(split).items, b.scored(split).items
    if ours is None or theirs is None or not (has_statistic(ours, statistic) and has_statistic(theirs, statistic)):
        return None
    return paired_items_p(ours, theirs, statistic)


def adjust(family: Sequence[Comparison], level: float = LEVEL) -> tuple[Comparison, ...]:
    """Holm's correction over a family. Comparisons without a p value take no part in it."""
    tested = [comparison.p for comparison in family if comparison.p is not None]
    adjusted = iter(holm(tested))

    def decided(comparison: Comparison) -> Comparison:
        if comparison.p is None:
            return comparison
        p = next(adjusted)
        return replace(comparison, p_holm=p, significant=p < level and not comparison.contradicted)

    return tuple(map(decided, family))


def pairs(cells: Sequence[Cell], better: object, worse: object, axes: Axes, where: str) -> list[tuple[Cell, Cell]]:
    """The pairs of cells that two labels mean: of the same column, or, where one label means one cell and its column has none, all."""
    every = [cell.labels for cell in cells]
    left, right = (tuple(cells[i] for i in find_indices(every, label, *axes, where=where)) for label in (better, worse))  # type: ignore[arg-type]
    column = lambda cell: label_text(cell.labels, axes.columns)
    same = [(a, b) for a in left for b in right if column(a) == column(b)]
    return same if same or min(len(left), len(right)) > 1 else [(a, b) for a in left for b in right]


def named_comparisons(manifest: Manifest, cells: Sequence[Cell]) -> tuple[Comparison, ...]:
    """The family that the spec names; without one, every row against the baseline, or else none."""
    spec, axes = read_spec(manifest), axes_of(manifest)
    wanted: list[tuple[object, object]] = [(named.better, named.worse) for named in spec.comparisons]
    if not wanted and spec.table.baseline is not None:
        base = find_indices([cell.labels for cell in cells], spec.table.baseline, *axes, where="table.baseline")
        rows = dict.fromkeys(label_text(cell.labels, axes.rows) for i, cell in enumerate(cells) if i not in base)
        wanted = [(row, spec.table.baseline) for row in rows]
    found = [pair for better, worse in wanted for pair in pairs(cells, better, worse, axes, "a comparison of the spec")]
    return adjust([compare(a, b, spec.metric, axes) for a, b in found])


def unranked(cells: Sequence[Cell], metric: str) -> tuple[int, ...]:
    """The cells with a value that does not compare with those of most others; all of them where no such group is the largest."""
    groups: list[list[int]] = []
    for i, cell in enumerate(cells):
        if cell.values(metric):
            group = next((known for known in groups if not why_incomparable(cells[known[0]], cell, metric)), None)
            groups.append([i]) if group is None else group.append(i)
    largest = max(map(len, groups), default=0)
    ranked = [group for group in groups if len(group) == largest]
    return tuple(sorted(i for group in groups if len(ranked) > 1 or group is not ranked[0] for i in group))


@dataclass(frozen=True)
class Best:
    """The best of a column: the first of `cells` by mean, with those that no test tells from it."""

    index: int
    rivals: tuple[int, ...]  # not distinguishable from the best
    tested: int  # comparisons made
    notes: tuple[str, ...]  # which tests could not be made

    @property
    def clear(self) -> bool:
        """Whether it is significantly better than every other."""
        return self.tested > 0 and not self.rivals


def find_best(cells: Sequence[Cell], metric: str, axes: Axes) -> Best | None:
    """The best mean among the cells, tested against each other one with Holm's correction; None without two cells or a direction.

    What is `unranked` takes no part, and what is infinite needs no test to be the worst.
    """
    sign, apart = direction(metric), unranked(cells, metric)
    means = {i: float(np.mean(list(values.values()))) for i, cell in enumerate(cells) if i not in apart and (values := cell.values(metric))}
    if not sign or len(means) < 2 or not any(map(math.isfinite, means.values())):
        return None
    best = max(means, key=lambda i: sign * means[i])
    others = [i for i in means if i != best and math.isfinite(means[i])]
    family = adjust([compare(cells[best], cells[i], metric, axes) for i in others])
    rivals = tuple(i for i, comparison in zip(others, family, strict=True) if not comparison.significant)
    return Best(best, rivals, len(others), tuple(dict.fromkeys(comparison.note for comparison in family if comparison.note)))
