"""Generated tasks. Every training seed sees the same examples, drawn from a stream that belongs to the split alone.

Symbol numbers below are those of the task's vocabulary. `where` are input positions, `targets` what is predicted there.
Short spaces (copying one symbol) repeat across splits by their nature; the streams themselves are disjoint.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from research.config.generated import AgreementTask, AssociativeRecall, CopyTask, ReverseTask, SyntheticExamples
from research.data.clusters import independent
from research.data.dataset import SCORED, SPLITS, Dataset, ExampleSplit
from research.data.source_kind import Contents, SourceKind, learns_nothing
from research.data.split_identity import identify_examples
from research.text.vocabulary import Vocabulary

GENERATOR = 1  # raised when a change here alters the examples
STREAMS = {"train": 0, "valid": 1, "test": 2}


def split_rng(split: str) -> np.random.Generator:
    """The stream of a split; the children of one seed sequence do not overlap."""
    return np.random.default_rng(np.random.SeedSequence(entropy=0, spawn_key=(STREAMS[split],)))


def copy_vocabulary(config: CopyTask | ReverseTask) -> Vocabulary:
    """s0, s1, ... and <sep>, the last."""
    return Vocabulary((*(f"s{i}" for i in range(config.symbols)), "<sep>"))


def _transcribe(config: CopyTask | ReverseTask, rng: np.random.Generator, n: int, backwards: bool) -> ExampleSplit:
    """x1..xl <sep> and, read from <sep> on, either x1..xl or xl..x1; l is uniform in shortest..longest, and is the group."""
    longest = config.longest
    symbols = rng.integers(config.symbols, size=(n, longest), dtype=np.int32)
    length = rng.integers(config.shortest, config.longest + 1, size=(n, 1), dtype=np.int32)
    step = np.arange(longest, dtype=np.int32)[None]
    source = np.clip(length - 1 - step, 0, None) if backwards else np.broadcast_to(step, symbols.shape)
    exists = step < length
    targets = np.where(exists, np.take_along_axis(symbols, source, axis=1), 0)
    inputs = np.zeros((n, 2 * longest), np.int32)
    rows = np.arange(n)[:, None]
    inputs[:, :longest] = symbols
    inputs[rows, length] = config.symbols
    row, column = np.nonzero(step < length - 1)
    inputs[row, length[row, 0] + 1 + column] = targets[row, column]
    valid = np.arange(2 * longest)[None] < 2 * length
    where = np.where(exists, length + step, 0)
    return ExampleSplit(np.where(valid, inputs, 0), valid, targets, where, exists.astype(np.float32), length[:, 0])


def copy(config: CopyTask, rng: np.random.Generator, n: int) -> ExampleSplit:
    """Repeat what came before <sep>. With symbols 0..3, <sep> = 4 and longest = 3:

    x = 2 0:   inputs 2 0 4 2 . .   valid 1 1 1 1 0 0   where 2 3 .   targets 2 0 .   weight 1 1 0   group 2
    """
    return _transcribe(config, rng, n, backwards=False)


def reverse(config: ReverseTask, rng: np.random.Generator, n: int) -> ExampleSplit:
    """Say backwards what came before <sep>. With symbols 0..3, <sep> = 4 and longest = 3:

    x = 2 0 1:   inputs 2 0 1 4 1 0   valid all   where 3 4 5   targets 1 0 2   weight 1 1 1   group 3
    """
    return _transcribe(config, rng, n, backwards=True)


def recall_vocabulary(config: AssociativeRecall) -> Vocabulary:
    """k0, k1, ... then v0, v1, ..."""
    return Vocabulary((*(f"k{i}" for i in range(config.keys)), *(f"v{i}" for i in range(config.values))))


def recall(config: AssociativeRecall, rng: np.random.Generator, n: int) -> ExampleSplit:
    """Multi-query associative recall (Arora et al. 2023). Keys do not repeat, values may; queries ask in random order.

    Two pairs, two queries:   k3 v1 k0 v5 k0 k3   where 4 5   targets v5 v1   group 2 (pairs)
    """
    pairs, queries = config.pairs, config.queries
    keys = rng.random((n, config.keys), dtype=np.float32).argsort(axis=1)[:, :pairs].astype(np.int32)
    values = rng.integers(config.keys, config.keys + config.values, size=(n, pairs), dtype=np.int32)
    queried = rng.random((n, pairs), dtype=np.float32).argsort(axis=1)[:, :queries]
    interleaved = np.stack([keys, values], axis=2).reshape(n, 2 * pairs)
    inputs = np.concatenate([interleaved, np.take_along_axis(keys, queried, axis=1)], axis=1)
    where = np.broadcast_to(2 * pairs + np.arange(queries, dtype=np.int32), (n, queries))
    targets = np.take_along_axis(values, queried, axis=1)
    ones = np.ones((n, queries), np.float32)
    return ExampleSplit(inputs, np.ones(inputs.shape, bool), targets, where, ones, np.full(n, pairs, np.int32))


def agreement_vocabulary(config: AgreementTask) -> Vocabulary:
    """Mr. Ms. he she, then the intervening words w0, w1, ..."""
    return Vocabulary(("Mr.", "Ms.", "he", "she", *(f"w{i}" for i in range(config.fillers))))


def agreement(config: AgreementTask, rng: np.random.Generator, n: int) -> ExampleSplit:
    """Which pronoun agrees with a title k words ago? Example i has the distance `distances[i mod their number]`.

    k = 2:   inputs Ms. w7 w1   where 2   targets she   group 2
    """
    distance = np.array(config.distances, np.int32)[np.arange(n) % len(config.distances)][:, None]
    title = rng.integers(2, size=(n, 1), dtype=np.int32)
    words = rng.integers(4, 4 + config.fillers, size=(n, max(config.distances)), dtype=np.int32)
    inputs = np.concatenate([title, words], axis=1)
    valid = np.arange(inputs.shape[1])[None] <= distance
    return ExampleSplit(np.where(valid, inputs, 0), valid, title + 2, distance, np.ones((n, 1), np.float32), distance[:, 0])


class Examples(NamedTuple):
    """The splits of a task, and the symbols of all of them."""

    vocabulary: Vocabulary
    splits: dict[str, ExampleSplit]


def load_examples(config: SyntheticExamples, data_dir: Path | None, identity: str) -> Dataset:
    """The dataset of a generated task."""
    vocabulary, splits = EXAMPLES[type(config)].read(config, data_dir)
    return Dataset(
        vocabulary,
        splits["train"],
        splits["valid"],
        splits["test"],
        digest=identity,
        eos=None,
        description=_describe_examples(vocabulary, splits),
        identities={split: identify_examples(vocabulary, splits[split]) for split in SCORED},
    )


def _describe_examples(vocabulary: Vocabulary, splits: dict[str, ExampleSplit]) -> dict[str, Any]:
    return {
        "types": vocabulary.size,
        "examples": {name: len(split.inputs) for name, split in splits.items()},
        "length": {name: split.inputs.shape[1] for name, split in splits.items()},
        "tokens": {name: int(split.weight.sum()) for name, split in splits.items()},
    }


def generated_contents(config: SyntheticExamples, data_dir: Path | None) -> Contents:
    """What identifies generated data: the task's arguments, the generator's version, and numpy's, whose streams it draws from."""
    return [config.model_dump(mode="json"), GENERATOR, np.__version__]


def _example_kind(vocabulary: Callable[..., Vocabulary], draw: Callable[..., ExampleSplit]) -> SourceKind:
    """A task from its symbols, (config), and its examples, (config, generator, number): `<split>_examples` of them."""

    def read(config: SyntheticExamples, data_dir: Path | None) -> Examples:
        return Examples(
            vocabulary(config), {split: draw(config, split_rng(split), getattr(config, f"{split}_examples")) for split in SPLITS}
        )

    return SourceKind(read, generated_contents, learns_nothing, independent, load_examples, unread=())


EXAMPLES: dict[type, SourceKind] = {
    CopyTask: _example_kind(copy_vocabulary, copy),
    ReverseTask: _example_kind(copy_vocabulary, reverse),
    AssociativeRecall: _example_kind(recall_vocabulary, recall),
    AgreementTask: _example_kind(agreement_vocabulary, agreement),
}
