"""How often the product's tests call a difference significant that is none: nice python scripts/error_rates.py [--draws 4000].

Two rows are scored on the same items, which may stand in clusters of one to five; every run of a row adds a seed's own deviation, whose
spread is given in units of the items' error (the standard error of the mean difference). With five seeds or more, nothing is different on
average over items and seeds. With fewer, the verdict is about these runs, and so is the null: their own expected difference is zero; the
rate where it is only zero on average over seeds stands beside it. The output is the table of docs/statistics.md.
"""

import argparse
import math
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from research.compare.comparisons import LEVEL, SEEDS_NEEDED
from research.compare.significance import FLIPPED, both_p, estimate_from_influence, paired_t, seeds_estimate, sign_flip_p, studentised_p

ITEMS, SEEDS, SPREADS = (3, 10, 30, 100, 1000), (1, 3, 5, 10), (0, 1, 2)
NOISES = ("normal", "skewed")
LARGEST = 5  # items of a cluster


class Case(NamedTuple):
    """One way to draw two rows that do not differ."""

    items: int
    noise: str
    clustered: bool
    seeds: int
    spread: int


class Rates(NamedTuple):
    """Shares of significant verdicts: of the null that the verdict is about, and of no difference on average over seeds."""

    about: float
    over_seeds: float


def cases() -> Iterator[Case]:
    """The whole grid; without spread, one number of seeds below five and one above say all, but all are drawn."""
    return (Case(*case) for case in product(ITEMS, NOISES, (False, True), SEEDS, SPREADS))


def significant(sums: np.ndarray, deviations: np.ndarray, items: int) -> bool:
    """What comparisons.adjust says of a single pair. `sums`: differences summed by cluster; `deviations`: by seed, of their mean."""
    by_seed = sums.sum() / items + deviations
    sign, seeds = float(np.sign(by_seed.mean())), len(deviations)
    over_items = estimate_from_influence(float(sums.mean()), sums / len(sums))
    if studentised_p(over_items, sign) >= LEVEL or 2.0 ** max(1 - len(sums), -1000) >= LEVEL:
        return False
    if seeds < SEEDS_NEEDED and np.any(by_seed * sign <= 0):
        return False
    if seeds >= SEEDS_NEEDED:
        zeros = np.zeros(seeds)
        over_seeds = seeds_estimate(by_seed, zeros)
        if not math.isinf(over_seeds.t) and (paired_t(by_seed, zeros) >= LEVEL or both_p(over_seeds, over_items, sign) >= LEVEL):
            return False
    return np.count_nonzero(sums) > FLIPPED or sign_flip_p(sums, sign) < LEVEL


def cluster_sizes(case: Case, random: np.random.Generator) -> np.ndarray:
    """How many items each cluster has."""
    if not case.clustered:
        return np.ones(case.items, np.int64)
    ends = np.cumsum(random.integers(1, LARGEST + 1, case.items))
    ends = np.append(ends[ends < case.items], case.items)
    return np.diff(ends, prepend=0)


def draw_sums(case: Case, sizes: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Differences summed by cluster: of each item its own, and in clusters one that all its items share."""
    draw = random.standard_normal if case.noise == "normal" else lambda n: random.standard_exponential(n) - 1
    item_sums = np.add.reduceat(draw(case.items), np.cumsum(sizes) - sizes)
    return item_sums + sizes * draw(len(sizes)) if case.clustered else item_sums


def simulate(case: Case, draws: int, difference: float = 0.0) -> Rates:
    """Both shares over so many draws. `difference`: a true one, in standard deviations of an item."""
    random = np.random.default_rng([case.items, NOISES.index(case.noise), case.clustered, case.seeds, case.spread])
    sizes = cluster_sizes(case, random)
    error = math.sqrt(float((sizes + case.clustered * sizes**2).sum())) / case.items
    about = over_seeds = 0
    for _ in range(draws):
        sums = draw_sums(case, sizes, random) + difference * sizes
        deviations = case.spread * error * math.sqrt(2) * random.standard_normal(case.seeds)
        mean = float(deviations.mean())
        over_seeds += significant(sums + mean * sizes, deviations - mean, case.items)
        if case.seeds < SEEDS_NEEDED and case.spread:
            about += significant(sums, deviations - mean, case.items)
    alike = case.seeds >= SEEDS_NEEDED or not case.spread
    return Rates((over_seeds if alike else about) / draws, over_seeds / draws)


def bound(draws: int) -> float:
    """The level and four standard errors of a share of so many draws."""
    return LEVEL + 4 * math.sqrt(LEVEL * (1 - LEVEL) / draws)


def print_rates(draws: int) -> float:
    """The table in Markdown: a line for items, noise and clusters, a column for seeds and spread. Returns the greatest share."""
    columns = list(product(SEEDS, SPREADS))
    print("| items | differences | " + " | ".join(f"{seeds} seed{'s' * (seeds > 1)}, {spread}x" for seeds, spread in columns) + " |")
    print("| ----: | --- " + "| ---: " * len(columns) + "|")
    worst = 0.0
    for items, noise, clustered in product(ITEMS, NOISES, (False, True)):
        rates = [simulate(Case(items, noise, clustered, *column), draws) for column in columns]
        worst = max(worst, *(rate.about for rate in rates))
        print(f"| {items} | {noise}{', clustered' * clustered} | " + " | ".join(map(_rate_text, rates)) + " |", flush=True)
    return worst


def _rate_text(rates: Rates) -> str:
    about, over_seeds = (f"{100 * rate:.1f}" for rate in rates)
    return about if rates.about == rates.over_seeds else f"{about} ({over_seeds})"


def print_power(draws: int) -> None:
    """The share of verdicts where there is a difference of 0.3 standard deviations of an item."""
    print("\n| items | " + " | ".join(f"{seeds} seeds, {spread}x" for seeds, spread in product((1, 5, 10), (0, 1))) + " |")
    print("| ----: " + "| ---: " * 6 + "|")
    for items in ITEMS:
        rates = [simulate(Case(items, "normal", False, *column), draws, 0.3).over_seeds for column in product((1, 5, 10), (0, 1))]
        print(f"| {items} | " + " | ".join(f"{100 * rate:.1f}" for rate in rates) + " |", flush=True)


def main() -> None:
    """Prints both tables, and whether the level is held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=4000)
    draws = parser.parse_args().draws
    worst = print_rates(draws)
    print_power(draws // 4)
    print(f"\nThe greatest share is {100 * worst:.2f} %; {100 * bound(draws):.2f} % is the level and four standard errors.")
    raise SystemExit(worst > bound(draws))


if __name__ == "__main__":
    main()
