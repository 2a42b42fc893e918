"""The machine's own peak: a large float32 product by numpy, timed between the rounds of the sides.

    python -m research.bench.peak

A child as the others are, so that neither its memory nor its threads are the parent's.
"""

import time

import numpy as np

from research.bench.child import reserve_stdout, serve
from research.bench.work import Work

SIZE = 2048
FLOPS = 2.0 * SIZE**3  # of one product


def matmul_work() -> Work:
    """A unit is one product."""
    rng = np.random.default_rng(0)
    a, b, c = (rng.random((SIZE, SIZE), np.float32) for _ in range(3))

    def run(units: int) -> None:
        for _ in range(units):
            np.matmul(a, b, out=c)

    return Work(run, FLOPS)


if __name__ == "__main__":
    answers = reserve_stdout()
    began = time.perf_counter()
    serve(matmul_work(), 1, time.perf_counter() - began, answers)
