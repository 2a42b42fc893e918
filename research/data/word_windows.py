"""A text as blocks of words with their neighbours and negatives: the training data of word vectors, made in numpy a chunk at a time.

A chunk is a function of (seed, epoch, chunk): nothing is carried from one to the next.
Shapes: n words of the text, t words of a block, w window, k shared negatives, v vocabulary.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int32

from research.config.errors import StepladderError
from research.config.word_vectors import WordVectorsConfig

CHUNK = 1_000_000  # words of the text that are prepared at once


class Blocks(NamedTuple):
    """Steps of training. Word i of a block is `words[i + w]`; its neighbours are the `left` words before it and the `right` words after it.

    The last block of a chunk is filled up with words that have no neighbours.
    """

    words: Int32[Any, "steps t+2*w"]
    left: Int32[Any, "steps t"]
    right: Int32[Any, "steps t"]
    noise: Int32[Any, "steps k"]
    learning_rate: Float32[Any, " steps"]


class TrainingSentences(NamedTuple):
    """The words that are trained on, sentence by sentence."""

    words: Int32[np.ndarray, " n"]
    start: Int[np.ndarray, " sentences+1"]  # sentence i is words[start[i]:start[i + 1]]
    counts: Int[np.ndarray, " v"]


def training_sentences(
    tokens: Int32[np.ndarray, " n"], sentence: Int32[np.ndarray, " n"], type_mask: Bool[np.ndarray, " v"]
) -> TrainingSentences:
    """A text without the types that `type_mask` leaves out, as if it had never had them.

    Raises StepladderError where fewer than two types remain. `sentence` is the number of the line of each token, as in a TextSplit.
    """
    token_mask = type_mask[tokens]
    words, lines = tokens[token_mask], sentence[token_mask]
    counts = np.bincount(words, minlength=len(type_mask))
    if np.count_nonzero(counts) < 2:
        raise StepladderError(
            f"Word vectors need a text with two types or more; of {len(tokens)} tokens {len(words)} are left, of "
            f"{np.count_nonzero(counts)} types. Give more text, or lower data.vocabulary.min_count."
        )
    start = np.flatnonzero(np.diff(lines, prepend=lines[0] - 1, append=lines[-1] + 1))
    return TrainingSentences(words, start, counts)


def keep_probability(counts: Int[np.ndarray, " v"], sample: float) -> Float[np.ndarray, " v"]:
    """How often an occurrence of each type is kept: min(1, sqrt(s / f) + s / f) for a share f of the text, as word2vec does."""
    if not sample:
        return np.ones(len(counts))
    rarity = sample * counts.sum() / np.maximum(counts, 1)
    return np.minimum(1.0, np.sqrt(rarity) + rarity)


def noise_cumulative(counts: Int[np.ndarray, " v"], power: float) -> Float[np.ndarray, " v"]:
    """The distribution function of the negatives: counts^power, normalised; types that do not occur are never drawn."""
    weight = np.where(counts > 0, counts.astype(np.float64) ** power, 0.0)
    return np.cumsum(weight) / weight.sum()


def draw_noise(generator: np.random.Generator, cumulative: Float[np.ndarray, " v"], shape: tuple[int, ...]) -> Int32[np.ndarray, "..."]:
    """Independent draws from a distribution function."""
    return np.searchsorted(cumulative, generator.random(shape) * cumulative[-1], side="right").astype(np.int32)


def epoch_blocks(config: WordVectorsConfig, text: TrainingSentences, seed: int, epoch: int, chunk: int = CHUNK) -> Iterator[Blocks]:
    """The blocks of an epoch: sentences in a random order, frequent words thinned out, windows and negatives drawn anew."""
    order = np.random.default_rng((seed, epoch)).permutation(len(text.start) - 1)
    length = np.diff(text.start)[order]
    first = np.cumsum(length) - length
    cuts = np.flatnonzero(np.diff(first // chunk)) + 1
    begins = np.append(first[np.append(0, cuts)], len(text.words))
    cumulative, probability = noise_cumulative(text.counts, config.noise_power), keep_probability(text.counts, config.sample)
    for number, sentences in enumerate(np.split(order, cuts)):
        generator = np.random.default_rng((seed, epoch, number))
        words, sentence = _concatenated(text, sentences)
        sampled = generator.random(len(words)) < probability[words]
        left, right = _reach(generator, sentence[sampled], config.window)
        progress = (epoch + begins[number : number + 2] / len(text.words)) / config.epochs
        yield _cut(config, words[sampled], left, right, progress, generator, cumulative)


def _concatenated(text: TrainingSentences, sentences: Int[np.ndarray, " m"]) -> tuple[Int32[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """The words of some sentences, and which of them each word belongs to."""
    length = text.start[sentences + 1] - text.start[sentences]
    shift = text.start[sentences] - (np.cumsum(length) - length)
    return text.words[np.repeat(shift, length) + np.arange(length.sum())], np.repeat(np.arange(len(sentences)), length)


def _reach(generator: np.random.Generator, sentence: Int[np.ndarray, " n"], window: int) -> tuple[Int[np.ndarray, " n"], ...]:
    """How many words before and after each word are its neighbours: a number from 1..window for both, within the sentence."""
    bounds = np.flatnonzero(np.diff(sentence, prepend=-1, append=-1))
    length, index = np.diff(bounds), np.arange(len(sentence))
    width = generator.integers(1, window + 1, len(sentence))
    before, after = index - np.repeat(bounds[:-1], length), np.repeat(bounds[1:], length) - 1 - index
    return np.minimum(width, before), np.minimum(width, after)


def _cut(
    config: WordVectorsConfig,
    words: Int32[np.ndarray, " n"],
    left: Int[np.ndarray, " n"],
    right: Int[np.ndarray, " n"],
    progress: Float[np.ndarray, " 2"],
    generator: np.random.Generator,
    cumulative: Float[np.ndarray, " v"],
) -> Blocks:
    """Blocks of a stream that is trained on between two points of `progress`, 0 at the start of training and 1 at its end."""
    t, w, steps = config.block, config.window, -(-len(words) // config.block)
    padding = steps * t - len(words)
    padded = np.pad(words, (w, padding + w))
    step_progress = np.linspace(progress[0], progress[1], steps, endpoint=False)
    left, right = (np.pad(side, (0, padding)).reshape(steps, t).astype(np.int32) for side in (left, right))
    rate = config.first_rate + (config.final_learning_rate - config.first_rate) * step_progress
    return Blocks(
        padded[t * np.arange(steps)[:, None] + np.arange(t + 2 * w)],
        left,
        right,
        draw_noise(generator, cumulative, (steps, config.shared)),
        rate.astype(np.float32),
    )
