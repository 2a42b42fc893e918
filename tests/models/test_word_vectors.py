"""The update of a block is a step down the plain objective, computed pair by pair; the same seed gives the same bits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.config.errors import StepladderError
from research.config.word_vectors import WordVectorsConfig as Config
from research.data.word_windows import Blocks, training_sentences
from research.models.word_vectors import (
    WordVectorsParams,
    descend_block,
    fit_word_vectors,
    init_word_vectors,
    initial_embedding_table,
    train_blocks,
)
from research.text.vector_files import Vectors
from research.text.vocabulary import Vocabulary

CONFIG = Config(width=5, window=2, negatives=3, shared=4, block=6, sample=0.0)


def random_block(seed):
    """Words that occur more than once, some without neighbours, and noise that repeats words of the block."""
    r = np.random.default_rng(seed)
    draw = lambda high, n: r.integers(0, high, n).astype(np.int32)
    return Blocks(draw(8, 10), draw(3, 6), draw(3, 6), draw(8, 4), np.float32(0.1))


def random_tables(seed):
    one, other = jax.random.normal(jax.random.key(seed), (2, 8, 5))
    return WordVectorsParams(one, other)


def neighbours_of(block, i):
    centre = i + CONFIG.window
    return [j for j in range(centre - block.left[i], centre + block.right[i] + 1) if j != centre]


def skip_gram_loss(params, block):
    loss = 0.0
    for i in range(CONFIG.block):
        x = params.input[block.words[i + CONFIG.window]]
        for j in neighbours_of(block, i):
            loss -= jax.nn.log_sigmoid(x @ params.output[block.words[j]])
            loss -= sum(jax.nn.log_sigmoid(-x @ params.output[z]) for z in block.noise) * CONFIG.negatives / CONFIG.shared
    return loss


def cbow_loss(params, block):
    """The mean's value is that of the mean, its gradient that of the sum."""
    loss = 0.0
    for i in range(CONFIG.block):
        if near := neighbours_of(block, i):
            total = sum(params.input[block.words[j]] for j in near)
            mean = total + jax.lax.stop_gradient(total / len(near) - total)
            loss -= jax.nn.log_sigmoid(mean @ params.output[block.words[i + CONFIG.window]])
            loss -= sum(jax.nn.log_sigmoid(-mean @ params.output[z]) for z in block.noise) * CONFIG.negatives / CONFIG.shared
    return loss


@pytest.mark.parametrize(("kind", "loss"), [("skip_gram", skip_gram_loss), ("cbow", cbow_loss)])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_step_goes_down_the_gradient_of_the_plain_objective(kind, loss, seed):
    params, block = random_tables(seed), random_block(seed)
    gradient = jax.jit(jax.grad(lambda params: loss(params, block)))(params)
    stepped = descend_block(CONFIG.model_copy(update={"kind": kind}), params, block)
    expected = jax.tree.map(lambda p, g: p - 0.1 * g, params, gradient)
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-6), stepped, expected)


@pytest.mark.parametrize("kind", ["skip_gram", "cbow"])
def test_many_steps_of_a_call_are_the_steps_one_by_one(kind):
    config = CONFIG.model_copy(update={"kind": kind})
    steps = [random_block(seed) for seed in range(5)]
    expected = random_tables(7)
    for block in steps:
        expected = descend_block(config, expected, block)
    trained = train_blocks(config, random_tables(7), Blocks(*map(np.stack, zip(*steps, strict=True))))
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5), trained, expected)


def two_topics(lines=400):
    """Sentences about 0..4, and sentences about 5..9."""
    r = np.random.default_rng(0)
    tokens = (r.integers(0, 5, (lines, 8)) + 5 * r.integers(0, 2, (lines, 1))).astype(np.int32)
    return training_sentences(tokens.ravel(), np.repeat(np.arange(lines, dtype=np.int32), 8), np.ones(10, bool))


@pytest.mark.parametrize("kind", ["skip_gram", "cbow"])
def test_words_of_one_topic_come_together_and_seeds_repeat(kind):
    config = Config(kind=kind, width=8, window=3, block=8, shared=16, sample=0.0)
    one, again, other = (fit_word_vectors(config, two_topics(), seed).input for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    table = np.asarray(one / jnp.linalg.norm(one, axis=1, keepdims=True))
    cosines = table @ table.T
    same = np.equal.outer(np.arange(10) >= 5, np.arange(10) >= 5)
    assert cosines[same].min() > cosines[~same].max()


def test_a_diverging_fit_is_told_with_the_way_out():
    config = Config(width=8, window=3, block=64, shared=16, sample=0.0, learning_rate=5.0)
    with pytest.raises(StepladderError, match=r"diverged in epoch 1.*block"):
        fit_word_vectors(config, two_topics(), 0)


def test_vectors_begin_small_and_predict_nothing():
    params = init_word_vectors(CONFIG, jax.random.key(0), 1000)
    assert float(jnp.abs(params.input).max()) <= 0.5 / 5
    assert not params.output.any()


def test_embeddings_take_the_vectors_that_are_there_and_draw_the_others():
    vectors = Vectors(("b", "z", "a"), np.arange(6, dtype=np.float32).reshape(3, 2))
    vocabulary = Vocabulary(("<unk>", "a", "b", "</s>"), unk=0, eos=3)
    table, covered = initial_embedding_table(vectors, vocabulary, jax.random.key(0), 0.1)
    assert covered == 0.5
    np.testing.assert_array_equal(table[1:3], [[4, 5], [0, 1]])
    np.testing.assert_array_equal(table[jnp.array([0, 3])], 0.1 * jax.random.normal(jax.random.key(0), (4, 2))[jnp.array([0, 3])])
