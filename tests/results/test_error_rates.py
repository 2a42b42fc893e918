"""A share of the simulation of docs/statistics.md: the level is held where it is easiest lost, and power grows with items."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from research.compare.comparisons import compare_cells, holm_adjust
from research.compare.item_tests import paired_items
from research.compare.statistics import Items, SeedItems

SCRIPT = Path(__file__).parents[2] / "scripts" / "error_rates.py"
specification = importlib.util.spec_from_file_location("error_rates", SCRIPT)
rates = importlib.util.module_from_spec(specification)
specification.loader.exec_module(rates)

DRAWS = 400
CASES = [
    rates.Case(10, "skewed", False, 1, 0),
    rates.Case(30, "skewed", False, 3, 1),
    rates.Case(30, "skewed", True, 10, 2),
    rates.Case(100, "normal", True, 5, 2),
    rates.Case(1000, "normal", False, 10, 2),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_level_is_held(case):
    assert rates.simulate(case, DRAWS).about <= rates.bound(DRAWS)


def test_three_items_are_never_enough():
    assert rates.simulate(rates.Case(3, "normal", False, 10, 0), DRAWS).about == 0


def test_a_few_seeds_say_nothing_about_others():
    """As docs/statistics.md has it: the verdict of one run is wrong about other seeds far more often than the level."""
    assert rates.simulate(rates.Case(100, "normal", False, 1, 1), DRAWS).over_seeds > 0.15


def test_power_grows_with_items():
    power = [rates.simulate(rates.Case(items, "normal", False, 5, 1), DRAWS // 4, 0.3).over_seeds for items in (10, 100, 1000)]
    assert power[0] < power[1] < power[2]
    assert power[2] > 0.9


@pytest.mark.parametrize("seeds", [1, 3, 5])
@pytest.mark.parametrize("draw", range(8))
def test_the_simulation_decides_as_a_table_does(seeds, draw):
    from research.compare.cells import Cell, TableAxes

    random = np.random.default_rng([seeds, draw])
    sums, deviations = random.normal(0.3, 1, 12), 0.2 * random.standard_normal(seeds)
    ids, tokens = np.arange(12), np.ones(12, np.int64)

    def cell(name, by_seed):
        items = {seed: Items(ids, tokens, {"loss": values}) for seed, values in enumerate(by_seed)}
        results = {seed: {"metrics": {"test": {"loss": float(values.mean())}}} for seed, values in enumerate(by_seed)}
        done = dict.fromkeys(results, "done")
        return Cell(name, {"label": name}, {}, Path(name), tuple(results), False, "", {}, None, done, {}, results, SeedItems(items))

    a, b = (cell(name, by_seed) for name, by_seed in (("a", [sums + own + 5 for own in deviations]), ("b", [np.full(12, 5.0)] * seeds)))
    (found,) = holm_adjust([compare_cells(a, b, "test.loss", TableAxes(("label",), ()))])
    mean = deviations.mean()
    assert found.significant == rates.significant(sums + mean, deviations - mean, 12)
    assert paired_items(*(c.scored("test").items for c in (a, b)), "loss").p == pytest.approx(found.p_items)
