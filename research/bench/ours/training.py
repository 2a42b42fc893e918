"""Training steps: of one run, and of a population."""

from research.bench.benchmarks import Case
from research.bench.ours.configs import benchmark_config
from research.bench.ours.program import seed_members, training_work
from research.bench.sizes import LSTMSizes, PopulationSizes, TransformerSizes
from research.bench.work import Work


def prepare(case: Case, side: str) -> Work:
    """A unit is one step of every run."""
    sizes = case.sizes
    model, runs = (sizes.model, sizes.runs) if isinstance(sizes, PopulationSizes) else (sizes, 1)
    assert isinstance(model, TransformerSizes | LSTMSizes), "a training step needs the sizes of a model"
    config = benchmark_config(model)
    return training_work(model, config, seed_members(config, runs))
