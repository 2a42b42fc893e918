"""One training step at one value of a size that grows."""

from research.bench.benchmarks import Case
from research.bench.ours.configs import benchmark_config
from research.bench.ours.program import seed_members, training_work
from research.bench.sizes import GrowthSizes
from research.bench.work import Work


def prepare(case: Case, side: str) -> Work:
    """`side` is the value. Members differ in their seed; cells are runs of one program that differ in their learning rate too."""
    sizes, value = case.sizes, int(side)
    assert isinstance(sizes, GrowthSizes)
    if sizes.along not in ("members", "cells"):
        model = sizes.model._replace(**{sizes.along: value})
        config = benchmark_config(model)
        return training_work(model, config, seed_members(config, 1))
    config = benchmark_config(sizes.model)
    rates = tuple(1 / (1 + cell) for cell in range(value)) if sizes.along == "cells" else ()
    return training_work(sizes.model, config, seed_members(config, value, rates))
