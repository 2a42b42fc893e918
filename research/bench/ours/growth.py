"""One training step at one value of a size that grows."""

from research.bench.ours.configs import config_of
from research.bench.ours.program import lay, members_of
from research.bench.registry import Case
from research.bench.sizes import Growth
from research.bench.work import Work


def prepare(case: Case, side: str) -> Work:
    """`side` is the value. Members differ in their seed; cells are runs of one program that differ in their learning rate too."""
    sizes, value = case.sizes, int(side)
    assert isinstance(sizes, Growth)
    if sizes.along not in ("members", "cells"):
        model = sizes.model._replace(**{sizes.along: value})
        config = config_of(model)
        return lay(model, config, members_of(config, 1))
    config = config_of(sizes.model)
    rates = tuple(1 / (1 + cell) for cell in range(value)) if sizes.along == "cells" else ()
    return lay(sizes.model, config, members_of(config, value, rates))
