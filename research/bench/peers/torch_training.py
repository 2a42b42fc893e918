"""Training steps of one run in torch, eager or compiled, with all threads."""

import torch

from research.bench.benchmarks import Case
from research.bench.peers.torch_steps import stepper
from research.bench.sizes import LSTMSizes, TransformerSizes
from research.bench.work import Work
from research.machine import available_cores


def prepare(case: Case, side: str) -> Work:
    """A unit is one step."""
    assert isinstance(case.sizes, TransformerSizes | LSTMSizes)
    torch.set_num_threads(available_cores())
    step = stepper(case.sizes, seed=0, compiled=side == "torch_compiled")

    def run(units: int) -> None:
        for _ in range(units):
            step()

    return Work(run)
