"""Training steps: of one run, and of a population."""

from research.bench.ours.configs import config_of
from research.bench.ours.program import lay, members_of
from research.bench.registry import Case
from research.bench.sizes import Population, Recurrent, Transformer
from research.bench.work import Work


def prepare(case: Case, side: str) -> Work:
    """A unit is one step of every run."""
    sizes = case.sizes
    model, runs = (sizes.model, sizes.runs) if isinstance(sizes, Population) else (sizes, 1)
    assert isinstance(model, Transformer | Recurrent), "a training step needs the sizes of a model"
    config = config_of(model)
    return lay(model, config, members_of(config, runs))
