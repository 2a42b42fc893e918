"""A table of Transformers as a script in torch would make it: single-threaded processes, a run at a time each.

    python -m research.bench.peers.torch_table SIZES   (JSON of research.bench.sizes.Table)

It reads the same text as ours, with the same reader.
"""

import json
import math
import multiprocessing
import sys
from functools import cache, partial
from itertools import product
from statistics import mean, stdev
from typing import Any

import torch
from scipy import stats

from research.bench.ours.configs import benchmark_config
from research.bench.peers.torch_models import TransformerModel
from research.bench.peers.torch_steps import transformer_stepper
from research.bench.sizes import SweepSizes, TransformerSizes
from research.data.loading import load_dataset
from research.machine import available_cores

SPLITS = ("train", "valid", "test")
TableRun = tuple[int, float, int]  # heads, learning rate, seed


def main(words: dict[str, Any]) -> None:
    """Trains, validates and tests every run, and prints the table."""
    axes = {name: tuple(words[name]) for name in ("heads", "learning_rates")}
    sizes = SweepSizes(**words | axes | {"model": TransformerSizes(**words["model"])})
    runs = list(product(sizes.heads, sizes.learning_rates, range(sizes.seeds)))
    with multiprocessing.get_context("spawn").Pool(available_cores(), torch.set_num_threads, (1,)) as pool:
        losses = dict(pool.imap_unordered(partial(_train, sizes), runs, chunksize=1))
    print("heads \\ learning rate", *(f"{rate:>14g}" for rate in sizes.learning_rates))
    for heads in sizes.heads:
        cells = [_cell([losses[heads, rate, seed][1] for seed in range(sizes.seeds)]) for rate in sizes.learning_rates]
        print(f"{heads:>21}", *(f"{cell:>14}" for cell in cells))


def _cell(losses: list[float]) -> str:
    """Mean perplexity, and half of the 95% t interval."""
    values = [math.exp(loss) for loss in losses]
    half = stats.t.ppf(0.975, len(values) - 1) * stdev(values) / len(values) ** 0.5 if len(values) > 1 else math.nan
    return f"{mean(values):.3f} ± {half:.3f}"


def _train(sizes: SweepSizes, run: TableRun) -> tuple[TableRun, tuple[float, float]]:
    """Nats a token on valid and test after the last step."""
    heads, rate, seed = run
    vocabulary, splits = _text(sizes)
    torch.manual_seed(seed)
    run_sizes = sizes.model._replace(heads=heads, learning_rate=rate, vocabulary=vocabulary)
    model = TransformerModel(run_sizes)
    step = transformer_stepper(run_sizes, model, splits["train"], seed)
    for _ in range(sizes.steps):
        step()
    return run, (_score(model, splits["valid"], run_sizes), _score(model, splits["test"], run_sizes))


@cache
def _text(sizes: SweepSizes) -> tuple[int, dict[str, torch.Tensor]]:
    """The size of the vocabulary, and the splits as tokens with a line's end before the first; read once a process."""
    limits = {f"{split}_tokens": getattr(sizes, f"{split}_tokens") for split in SPLITS}
    data = load_dataset(benchmark_config(sizes.model).data.model_copy(update=limits))
    tokens = {split: getattr(data, split).tokens for split in SPLITS}
    return data.vocabulary.size, {split: torch.tensor([data.eos, *numbers.tolist()]) for split, numbers in tokens.items()}


@torch.inference_mode()
def _score(model: TransformerModel, text: torch.Tensor, sizes: TransformerSizes) -> float:
    """Windows of the training length, each token once; what does not fill one is left out."""
    windows = (len(text) - 1) // sizes.length
    shape = (windows, sizes.length)
    inputs, targets = text[: windows * sizes.length].view(shape), text[1 : windows * sizes.length + 1].view(shape)
    parts = [model(i, t) * i.numel() for i, t in zip(inputs.split(sizes.batch), targets.split(sizes.batch), strict=True)]
    return float(sum(parts) / inputs.numel())


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
