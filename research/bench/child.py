"""One side of a case in a process of its own: it prepares, then does a round whenever it is told to, and sleeps in between.

    python -m research.bench.child CASE SIDE

It reads lines from stdin, "round" or "stop", and answers each with one JSON line on stdout, where nothing else may be: what libraries
print there goes to stderr.
"""

import importlib
import json
import os
import sys
import time
from typing import TextIO

from research.bench.benchmarks import case_named, case_workers, side_of
from research.bench.work import Reply, Work, peak_memory_mb
from research.machine import use_workers


def main(name: str, side: str) -> None:
    """Prepares, answers, stops."""
    answers = reserve_stdout()
    case = case_named(name)
    module_name = side_of(case, side).module
    if module_name.startswith("research.bench.ours"):
        use_workers(case_workers(case))  # before jax is imported
    module = importlib.import_module(module_name)
    began = time.perf_counter()
    work: Work = module.prepare(case, side)
    work.run(1)
    warm_up = time.perf_counter() - began
    serve(work, case.units, warm_up, answers)


def serve(work: Work, units: int, warm_up: float, answers: TextIO) -> None:
    """One untimed round, then rounds as they are asked for. A round's seconds are those of a unit."""
    work.run(units)
    ready = {"ready": True, "warm_up_seconds": warm_up, "flops": work.flops, "activation_bytes": work.activation_bytes}
    _answer(answers, ready)
    for line in sys.stdin:
        if line.strip() == "stop":
            _answer(answers, {"peak_memory_mb": peak_memory_mb() + work.close()})
            return
        began = time.perf_counter()
        work.run(units)
        _answer(answers, {"seconds": (time.perf_counter() - began) / units})


def _answer(answers: TextIO, words: Reply) -> None:
    print(json.dumps(words), file=answers, flush=True)


def reserve_stdout() -> TextIO:
    """stdout for the answers alone: its old place is that of stderr from now on."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
