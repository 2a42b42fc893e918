"""Word vectors by negative sampling: skip-gram and CBOW (Mikolov et al. 2013).

A step takes a block of consecutive words. The words between one and the next share their neighbours, so the scores of all pairs in
reach of each other are one small matrix product, and those with the negatives, which the block shares, another; pairs out of reach have
weight zero. Only the rows of a block are read and written.

The loss of a block is the sum over its predictions of  -log s(x.y) - (negatives / k) sum_j log s(-x.z_j),  s the logistic function, x the
vector that predicts, y that of the word predicted, z_1..z_k those of the shared negatives. A negative that happens to be the word itself
counts as one. In skip-gram a word predicts each neighbour; in CBOW the mean of the neighbours predicts the word.

Shapes: t words of a block, w window, s = t + 2w words with their surroundings, k shared negatives, v vocabulary, d width.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float, Int, Key

from research.config.errors import StepladderError
from research.config.word_vectors import WordVectorsConfig as Config
from research.data.word_windows import Blocks, TrainingSentences, epoch_blocks
from research.text.vector_files import Vectors
from research.text.vocabulary import Vocabulary

CALL = 1024  # steps that one call of the compiled program holds at most


@struct.dataclass
class WordVectorsParams:
    """`input` holds the word vectors; the vectors of `output` are predicted."""

    input: Float[Array, "v d"]
    output: Float[Array, "v d"]


class BlockGradients(NamedTuple):
    """Gradients of a block's loss by the rows that it reads."""

    words: Float[Array, "t d"]
    around: Float[Array, "s d"]
    noise: Float[Array, "k d"]


def init_word_vectors(config: Config, key: Key[Array, ""], vocabulary: int) -> WordVectorsParams:
    """Inputs U(-1/2, 1/2) / d, outputs zero, as word2vec begins."""
    inputs = jax.random.uniform(key, (vocabulary, config.width), minval=-0.5, maxval=0.5) / config.width
    return WordVectorsParams(inputs, jnp.zeros_like(inputs))


def neighbours(left: Int[Array, " t"], right: Int[Array, " t"], window: int) -> Float[Array, "t s"]:
    """1 where word j of the surroundings is a neighbour of word i of the block, else 0."""
    offset = jnp.arange(len(left) + 2 * window)[None] - window - jnp.arange(len(left))[:, None]
    return ((-left[:, None] <= offset) & (offset <= right[:, None]) & (offset != 0)).astype(jnp.float32)


def skip_gram_gradients(
    words: Float[Array, "t d"], around: Float[Array, "s d"], noise: Float[Array, "k d"], near: Float[Array, "t s"], negatives: int
) -> BlockGradients:
    """`words` are input vectors; their neighbours `around`, and `noise`, are output vectors."""
    weight = near.sum(axis=1, keepdims=True) * (negatives / len(noise))
    positive = near * (jax.nn.sigmoid(words @ around.T) - 1.0)
    negative = weight * jax.nn.sigmoid(words @ noise.T)
    return BlockGradients(positive @ around + negative @ noise, positive.T @ words, negative.T @ words)


def cbow_gradients(
    words: Float[Array, "t d"], around: Float[Array, "s d"], noise: Float[Array, "k d"], near: Float[Array, "t s"], negatives: int
) -> BlockGradients:
    """`words` and `noise` are output vectors; `around` are input vectors.

    As in word2vec each neighbour receives the gradient by their mean, not divided by their number.
    """
    count = near.sum(axis=1, keepdims=True)
    mean, exists = near @ around / jnp.maximum(count, 1.0), (count > 0).astype(jnp.float32)
    positive = exists * (jax.nn.sigmoid((mean * words).sum(axis=1, keepdims=True)) - 1.0)
    negative = exists * (negatives / len(noise)) * jax.nn.sigmoid(mean @ noise.T)
    return BlockGradients(positive * mean, near.T @ (positive * words + negative @ noise), negative.T @ mean)


def descend_block(config: Config, params: WordVectorsParams, block: Blocks) -> WordVectorsParams:
    """One step of gradient descent on one block, here without its leading axis."""
    around, left, right, noise, rate = (jnp.asarray(leaf) for leaf in block)
    words, near = around[config.window : -config.window], neighbours(left, right, config.window)
    if config.kind == "skip_gram":
        scored = jnp.concatenate([around, noise])
        y = _rows(params.output, scored)
        rows = skip_gram_gradients(_rows(params.input, words), y[: len(around)], y[len(around) :], near, config.negatives)
        return WordVectorsParams(
            _descend(params.input, words, rows.words, rate),
            _descend(params.output, scored, jnp.concatenate([rows.around, rows.noise]), rate),
        )
    scored = jnp.concatenate([words, noise])
    y = _rows(params.output, scored)
    rows = cbow_gradients(y[: len(words)], _rows(params.input, around), y[len(words) :], near, config.negatives)
    return WordVectorsParams(
        _descend(params.input, around, rows.around, rate),
        _descend(params.output, scored, jnp.concatenate([rows.words, rows.noise]), rate),
    )


def _rows(table: Float[Array, "v d"], index: Int[Array, " n"]) -> Float[Array, "n d"]:
    return table.at[index].get(mode="promise_in_bounds")


def _descend(table: Float[Array, "v d"], index: Int[Array, " n"], gradient: Float[Array, "n d"], rate: Float[Array, ""]) -> Array:
    return table.at[index].add(-rate * gradient, mode="promise_in_bounds")


@partial(jax.jit, static_argnames="config", donate_argnames="params")
def _train(config: Config, params: WordVectorsParams, blocks: Blocks, steps: Int[Array, ""]) -> WordVectorsParams:
    def step(i: Array, params: WordVectorsParams) -> WordVectorsParams:
        return descend_block(config, params, jax.tree.map(lambda leaf: leaf[i], blocks))

    trained: WordVectorsParams = jax.lax.fori_loop(0, steps, step, params)
    return trained


def train_blocks(config: Config, params: WordVectorsParams, blocks: Blocks) -> WordVectorsParams:
    """All steps of `blocks`, in calls of one compiled program. The buffers of `params` are given up."""
    for first in range(0, len(blocks.words), CALL):
        call = Blocks(*(leaf[first : first + CALL] for leaf in blocks))
        steps = len(call.words)
        full = Blocks(*(np.pad(leaf, [(0, CALL - steps)] + [(0, 0)] * (leaf.ndim - 1)) for leaf in call))
        params = _train(config, params, full, np.int32(steps))
    return params


def fit_word_vectors(config: Config, text: TrainingSentences, seed: int) -> WordVectorsParams:
    """Vectors of every type of a text: a function of the three arguments, bit for bit on one machine.

    Raises StepladderError where the vectors are no numbers any more after an epoch.
    """
    params = init_word_vectors(config, jax.random.key(seed), len(text.counts))
    for epoch in range(config.epochs):
        for blocks in epoch_blocks(config, text, seed, epoch):
            params = train_blocks(config, params, blocks)
        if not jnp.isfinite(params.input).all():
            raise StepladderError(
                f"Word vectors diverged in epoch {epoch + 1}: too many updates of the same words at once. Lower learning_rate "
                f"({config.first_rate:g}) or block ({config.block}), or raise shared ({config.shared})."
            )
    return params


def initial_embedding_table(
    vectors: Vectors, vocabulary: Vocabulary, key: Key[Array, ""], scale: float
) -> tuple[Float[Array, "v d"], float]:
    """A table of initial embeddings, and the share of its rows that are taken from `vectors`.

    Types that `vectors` lacks, special symbols mostly, are drawn from N(0, scale^2).
    """
    width = vectors.table.shape[1]
    places = np.array([vectors.lookup.get(word, -1) for word in vocabulary.types])
    drawn = scale * jax.random.normal(key, (vocabulary.size, width))
    covered = places >= 0
    return jnp.where(covered[:, None], jnp.asarray(vectors.table[places]), drawn), float(covered.mean())
