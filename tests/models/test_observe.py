"""Attention maps and the spread of logits, against attention worked out by hand from the same parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special
from whole_models import CONFIGS, VOCABULARY, attention, model, parameters, stack

from research.config.errors import StepladderError
from research.data.batch_arrays import Batch
from research.models import language_model
from research.models.observe import attention_maps, logit_deviation

LENGTH, WIDTH, HEADS = 6, 8, 2
WORDS = {"norm": {"kind": "none"}, "feed_forward": {"kind": "none"}, "layers": 1}
ONE = stack(attention(score={"kind": "dot"}), **WORDS)
TOKENS = np.random.default_rng(0).integers(VOCABULARY, size=(2, LENGTH), dtype=np.int32)
VALID = np.array([[0, 1, 1, 1, 0, 1], [1, 1, 1, 0, 0, 0]], bool)


def noisy(config):
    rng = np.random.default_rng(1)
    shapes = jax.eval_shape(lambda: language_model.init(config, jax.random.key(0), VOCABULARY, LENGTH))
    return jax.tree.map(lambda leaf: jnp.asarray(rng.standard_normal(leaf.shape, np.float32)), shapes)


def logits_by_hand(params, row):
    """[h, t, s] of the tokens that exist, and -inf where the mask forbids."""
    x = np.asarray(params.embedding)[TOKENS[row][VALID[row]]]
    query, key = (x @ kernel for kernel in np.split(np.asarray(params.blocks[0].mixer.project[0]), 3, axis=1)[:2])
    split = lambda a: a.reshape(len(x), HEADS, -1).swapaxes(0, 1)
    logits = split(query) @ split(key).swapaxes(1, 2)
    return np.where(np.tril(np.ones(logits.shape[1:], bool)), logits, -np.inf)


@pytest.mark.parametrize("row", [0, 1])
def test_a_map_is_the_softmax_of_the_logits_in_the_rows_own_order(row):
    params, exists = noisy(ONE), np.flatnonzero(VALID[row])
    maps = attention_maps(ONE, params, TOKENS[row], VALID[row])
    assert maps.shape == (1, HEADS, LENGTH, LENGTH)
    expected = special.softmax(logits_by_hand(params, row), axis=-1)
    np.testing.assert_allclose(maps[0][:, exists[:, None], exists], expected, atol=1e-5)


def test_the_deviation_is_that_of_the_logits_that_compete():
    """Over the pairs of each row and head that the mask allows; then the mean, to which a row that does not exist adds nothing."""
    params = noisy(ONE)
    rows = Batch(*([None] * 6)).replace(
        inputs=np.concatenate([TOKENS, TOKENS[:1]]), valid=np.concatenate([VALID, np.zeros((1, LENGTH), bool)])
    )
    by_hand = [logits_by_hand(params, row) for row in range(2)]
    expected = np.mean([[head[np.isfinite(head)].std() for head in logits] for logits in by_hand])
    np.testing.assert_allclose(logit_deviation(ONE, params, rows), expected, rtol=1e-5)


def test_scaling_divides_the_deviation_by_the_root_of_the_heads_width():
    params, batch = noisy(ONE), Batch(TOKENS, VALID, None, None, None, None)
    scaled = stack(attention(), **WORDS)
    np.testing.assert_allclose(logit_deviation(ONE, params, batch), 2 * logit_deviation(scaled, params, batch), rtol=1e-5)


def test_every_attention_layer_has_its_map_and_a_query_its_whole_weight():
    name = "gru + attention, t5"
    row, everything = np.arange(LENGTH, dtype=np.int32), np.ones(LENGTH, bool)
    maps = attention_maps(CONFIGS[name], parameters(name), row, everything)
    assert maps.shape == (2, HEADS, LENGTH, LENGTH)
    assert not np.triu(maps, k=1).any()
    np.testing.assert_allclose(maps.sum(axis=-1), 1, atol=1e-5)
    assert np.abs(maps[0] - maps[1]).max() > 0.01


def test_layers_are_in_the_order_of_depth():
    """Two attentions in a pattern, twice: when the last layer alone scores nothing, its map alone is even."""
    config = stack((attention(), attention()), norm={"kind": "none"}, feed_forward={"kind": "none"})
    params = noisy(config)
    last = params.blocks[1].replace(mixer=params.blocks[1].mixer.replace(project=params.blocks[1].mixer.project.at[1].set(0)))
    maps = attention_maps(config, params.replace(blocks=(params.blocks[0], last)), TOKENS[0], np.ones(LENGTH, bool))
    even = [np.allclose(layer[:, -1], 1 / LENGTH) for layer in maps]
    assert even == [False, False, False, True]


def test_a_windows_map_is_a_band():
    config = stack(attention(cache={"kind": "window", "size": 3}), **WORDS)
    maps = attention_maps(config, noisy(config), TOKENS[0], np.ones(LENGTH, bool))
    distance = np.subtract.outer(np.arange(LENGTH), np.arange(LENGTH))
    np.testing.assert_array_equal(maps[0, 0] > 0, (distance >= 0) & (distance < 3))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (stack({"kind": "lstm"}), "without attention"),
        (model({"kind": "feed_forward_lm"}), "without attention"),
        (stack((attention(), attention(heads=4))), "differ in their number of heads"),
    ],
    ids=["lstm", "feed-forward", "heads"],
)
def test_what_has_no_maps_is_refused(config, said):
    with pytest.raises(StepladderError, match=said):
        attention_maps(config, None, TOKENS[0], VALID[0])
