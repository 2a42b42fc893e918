"""What holds for every encoder-decoder: the law of the chunk, decoding as in training, padding, causality, independent rows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from translators import (
    ATTENTION,
    BATCH,
    CONFIGS,
    FIRST_SOURCE,
    LENGTH,
    SEPARATOR,
    SIZES,
    SOURCE,
    TARGETS,
    VOCABULARY,
    cut,
    decoder,
    gradient,
    jit,
    noisy,
    one_by_one,
    pair,
    recurrent,
    stack,
    trained,
)

from research.models import MODELS, encoder_decoder

EVERY = pytest.mark.parametrize("name", CONFIGS)
LEARNS = pytest.mark.parametrize("name", ["luong, input feeding", "bahdanau, shared, tied", "rotary"])
CUT = pytest.mark.parametrize("name", ["luong, input feeding", "transformer, shared", "convolution + window"])
CLOSE = {"atol": 1e-5, "rtol": 1e-5}
RNG = np.random.default_rng(1)
COUNT = np.array([6, 3, 1, 4])  # symbols of each row's source
WRITTEN = np.array([6, 2, 5, 3])  # of its target, with <sep>
SYMBOLS = RNG.integers(FIRST_SOURCE, VOCABULARY, (BATCH, SOURCE), dtype=np.int32)
TARGET = np.concatenate([np.full((BATCH, 1), SEPARATOR), RNG.integers(TARGETS, size=(BATCH, LENGTH - 1))], axis=1).astype(np.int32)
VALID = np.arange(LENGTH) < WRITTEN[:, None]


def placed(symbols, count, where, length, junk):
    """Each row's first symbols where they are to stand, in order, and junk elsewhere."""
    tokens, exists = np.full((BATCH, length), junk, np.int32), np.zeros((BATCH, length), bool)
    for row, n in enumerate(count):
        at = {"right": np.arange(length - n, length), "left": np.arange(n), "apart": np.sort(RNG.permutation(length)[:n])}[where]
        tokens[row, at], exists[row, at] = symbols[row, :n], True
    return tokens, exists


RIGHT = placed(SYMBOLS, COUNT, "right", SOURCE, 0)


def shown(valid, logits):
    return np.where(valid[..., None], logits, 0)


def assert_close(a, b):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **CLOSE), a, b)


@CUT
def test_any_cut_of_the_target_gives_what_training_gives(name):
    whole = shown(VALID, trained(name)(*RIGHT, TARGET, VALID))
    for first in (1, 3, 5):
        before = np.broadcast_to(np.arange(LENGTH) < first, VALID.shape)
        assert_close(shown(VALID, cut(name)(*RIGHT, TARGET, VALID, before)), whole)


@EVERY
def test_one_symbol_at_a_time_gives_what_training_gives(name):
    for valid in (VALID, placed(TARGET, WRITTEN, "apart", LENGTH, 0)[1]):
        assert_close(shown(valid, one_by_one(name)(*RIGHT, TARGET, valid)), shown(valid, trained(name)(*RIGHT, TARGET, valid)))


@EVERY
def test_where_the_source_stands_changes_nothing(name):
    logits = trained(name)(*RIGHT, TARGET, VALID)
    for where in ("left", "apart"):
        moved = trained(name)(*placed(SYMBOLS, COUNT, where, SOURCE, VOCABULARY - 1), TARGET, VALID)
        assert_close(shown(VALID, moved), shown(VALID, logits))


@EVERY
def test_padding_of_the_target_changes_nothing(name):
    logits = trained(name)(*RIGHT, TARGET, VALID)
    for where in ("left", "right", "apart"):
        target, valid = placed(TARGET, WRITTEN, where, LENGTH, TARGETS - 1)
        moved = trained(name)(*RIGHT, target, valid)
        for row in range(BATCH):
            np.testing.assert_allclose(moved[row][valid[row]], logits[row][VALID[row]], **CLOSE)


@LEARNS
def test_padding_changes_no_gradient_and_every_parameter_has_one(name):
    expected = gradient(name)(*RIGHT, TARGET, VALID)
    assert all(np.abs(leaf).max() > 1e-6 for leaf in jax.tree.leaves(expected)), "a parameter does nothing"
    for where in ("left", "apart"):
        pairs = *placed(SYMBOLS, COUNT, where, SOURCE, VOCABULARY - 1), *placed(TARGET, WRITTEN, where, LENGTH, 0)
        assert_close(gradient(name)(*pairs), expected)


@LEARNS
def test_a_row_without_a_source_has_finite_gradients(name):
    exists = RIGHT[1] & (np.arange(BATCH) > 0)[:, None]
    assert np.isfinite(trained(name)(RIGHT[0], exists, TARGET, VALID)[0]).all()
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient(name)(RIGHT[0], exists, TARGET, VALID)))


@EVERY
def test_other_rows_do_not_matter(name):
    logits = trained(name)(*RIGHT, TARGET, VALID)
    source, exists, target = RIGHT[0].copy(), RIGHT[1].copy(), TARGET.copy()
    exists[0], source[1], target[1] = False, SYMBOLS[1][::-1], TARGET[1][::-1]
    other = trained(name)(source, exists, target, VALID)
    np.testing.assert_array_equal(shown(VALID, other)[2:], shown(VALID, logits)[2:])


@EVERY
def test_no_prediction_depends_on_a_later_target_and_each_depends_on_the_source(name):
    every = np.ones_like(VALID)
    logits = trained(name)(*RIGHT, TARGET, every)
    for place in range(1, LENGTH):
        target = TARGET.copy()
        target[:, place] = (target[:, place] + 1) % TARGETS
        changed = trained(name)(*RIGHT, target, every)
        np.testing.assert_array_equal(changed[:, :place], logits[:, :place])
        assert np.abs(changed[:, place] - logits[:, place]).max(axis=-1).min() > 1e-4
    source = RIGHT[0].copy()
    source[:, -1] = (source[:, -1] - FIRST_SOURCE + 1) % (VOCABULARY - FIRST_SOURCE) + FIRST_SOURCE
    changed = trained(name)(source, RIGHT[1], TARGET, every)
    assert np.abs(changed - logits).max(axis=-1).min() > 1e-6


def test_a_decoder_without_a_mask_sees_what_it_is_to_predict():
    """What is predicted at a place depends on the symbol after it, which the same decoder with a mask does not see."""
    config = pair(recurrent("gru", width=4), decoder(masked=False))
    p, kind = noisy(lambda: encoder_decoder.init(config, jax.random.key(0), *SIZES)), MODELS[type(config)]
    masked = config.model_copy(update={"decoder": config.decoder.model_copy(update={"masked": True})})

    @jit
    def both(source, exists, target):
        run = lambda config: kind.hidden(config, p, kind.read(config, p, source, exists), target, jnp.ones(target.shape, bool))[1]
        return run(config), run(masked)

    target = TARGET.copy()
    target[:, 3] = (target[:, 3] + 1) % TARGETS
    (leaks, sees), (leaks_other, sees_other) = both(*RIGHT, TARGET), both(*RIGHT, target)
    assert np.abs(leaks - leaks_other)[:, :3].max(axis=-1).min() > 1e-4
    np.testing.assert_array_equal(sees[:, :3], sees_other[:, :3])


MIXED = {"precision": "mixed"}


@pytest.mark.parametrize(
    "config",
    [
        pair(stack(**MIXED), recurrent("gru", width=8)),
        pair(stack(**MIXED), recurrent("lstm", width=8, attention={"kind": "luong", "input_feeding": True})),
        pair(recurrent("gru", width=4), decoder(**MIXED)),
        pair(stack(**MIXED), decoder(({"kind": "lstm"}, ATTENTION), **MIXED), embeddings="shared", tie=True),
    ],
    ids=["stack, recurrent", "stack, input feeding", "recurrent, stack", "both"],
)
def test_a_side_of_mixed_precision_fits_the_other(config):
    """Traced, not run: parameters have gradients in float32, and logits are float32."""
    kind = MODELS[type(config)]
    params = jax.eval_shape(lambda: encoder_decoder.init(config, jax.random.key(0), *SIZES))

    def total(params, source, exists, target, valid):
        logits = kind.logits(config, params, kind.hidden(config, params, kind.read(config, params, source, exists), target, valid)[1])
        return logits.sum(), logits

    gradient, logits = jax.eval_shape(jax.grad(total, has_aux=True), params, *RIGHT, TARGET, VALID)
    assert gradient == params
    assert logits.dtype == np.float32
