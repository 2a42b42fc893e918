"""Training steps of several seeds in torch: one after another with all threads, or in one single-threaded process a core."""

import multiprocessing
from multiprocessing.connection import Connection

import torch

from research.bench.benchmarks import Case
from research.bench.peers.torch_steps import stepper
from research.bench.sizes import PopulationSizes
from research.bench.work import Work, peak_memory_mb
from research.machine import available_cores


def prepare(case: Case, side: str) -> Work:
    """A unit is one step of every seed; a seed does all units of a round before the next, so that its arrays stay in the cache."""
    assert isinstance(case.sizes, PopulationSizes)
    return _sequential(case.sizes) if side == "torch_sequential" else _processes(case.sizes)


def _sequential(sizes: PopulationSizes) -> Work:
    torch.set_num_threads(available_cores())
    steps = [stepper(sizes.model, seed) for seed in range(sizes.runs)]

    def run(units: int) -> None:
        for step in steps:
            for _ in range(units):
                step()

    return Work(run)


def _processes(sizes: PopulationSizes) -> Work:
    """The workers wait for the number of units, and all start at once."""
    context, cores = multiprocessing.get_context("spawn"), available_cores()
    pipes = [context.Pipe() for _ in range(min(cores, sizes.runs))]
    for worker, (_, theirs) in enumerate(pipes):
        seeds = tuple(range(worker, sizes.runs, cores))
        context.Process(target=_work, args=(theirs, sizes, seeds), daemon=True).start()
        theirs.close()
    ours = [pipe[0] for pipe in pipes]

    def everywhere(units: int) -> list[float]:
        for pipe in ours:
            pipe.send(units)
        return [pipe.recv() for pipe in ours]

    def run(units: int) -> None:
        everywhere(units)

    return Work(run, close=lambda: sum(everywhere(0)))


def _work(pipe: Connection, sizes: PopulationSizes, seeds: tuple[int, ...]) -> None:
    """Answers a number of units when they are done, and zero with its peak memory in MB."""
    torch.set_num_threads(1)
    steps = [stepper(sizes.model, seed) for seed in seeds]
    while units := pipe.recv():
        for step in steps:
            for _ in range(units):
                step()
        pipe.send(0.0)
    pipe.send(peak_memory_mb())
