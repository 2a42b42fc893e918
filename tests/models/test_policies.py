"""How a model is computed and not what it is: precision, what the backward pass keeps, and the unstacked form of decoding."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_models import BATCH, CONFIGS, FAST_COMPILATION, GAPS, LENGTH, TOKENS, VOCABULARY, empty, parameters

from research.config.model import LanguageModel
from research.models import MODELS, language_model

pytestmark = pytest.mark.trains

WEIGHTS = np.random.default_rng(2).normal(size=(BATCH, LENGTH, VOCABULARY)) * GAPS[..., None]
STACKS = [name for name in CONFIGS if not name.startswith("feed-forward")]


@cache
def graded(config, name):
    """Compiled: parameters -> logits, and the gradient of a loss on them by every parameter."""
    carry = empty(name, capacity=0)

    def loss(params):
        h = language_model.hidden(config, params, carry, jnp.asarray(TOKENS), jnp.asarray(GAPS))[1]
        logits = MODELS[LanguageModel].logits(config, params, h)
        return (jax.nn.log_softmax(logits) * WEIGHTS).mean(), logits

    return jax.jit(lambda params: _logits_first(jax.value_and_grad(loss, has_aux=True)(params)), compiler_options=FAST_COMPILATION)


def _logits_first(found):
    (_, logits), gradient = found
    return logits, gradient


@pytest.mark.parametrize("kept", ["products", "layers"])
@pytest.mark.parametrize("name", ["attention, rotary", "gru + attention, t5", "convolution, no residual, swiglu"])
def test_what_is_computed_again_is_the_same(name, kept):
    config, params = CONFIGS[name], parameters(name)
    plain, again = graded(config, name)(params), graded(config.model_copy(update={"rematerialise": kept}), name)(params)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), again, plain)


@pytest.mark.parametrize("name", STACKS)
def test_mixed_precision_is_near_and_its_gradients_are_float32(name):
    """bfloat16 has 8 bits: a relative error of 2^-9 a rounding, a few dozen roundings one after another."""
    config = CONFIGS[name].model_copy(update={"precision": "mixed"})
    params = jax.tree.map(lambda leaf: 0.4 * leaf, parameters(name))
    (logits, gradient), (near, expected) = graded(config, name)(params), graded(CONFIGS[name], name)(params)
    assert logits.dtype == jnp.float32
    assert {leaf.dtype for leaf in jax.tree.leaves(gradient)} == {jnp.dtype(jnp.float32)}
    logits, near = np.asarray(logits)[GAPS], np.asarray(near)[GAPS]
    assert 0 < np.abs(logits - near).max() < 0.05 * np.abs(near).max()
    flat = lambda tree: np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])
    assert np.linalg.norm(flat(gradient) - flat(expected)) < 0.05 * np.linalg.norm(flat(expected))


@pytest.mark.parametrize("name", STACKS)
def test_the_carry_of_mixed_precision_has_the_form_of_that_of_float32(name):
    config = CONFIGS[name].model_copy(update={"precision": "mixed"})
    params, carry = parameters(name), empty(name)
    after = jax.eval_shape(lambda: language_model.hidden(config, params, carry, jnp.asarray(TOKENS), jnp.ones_like(GAPS))[0])
    form = lambda tree: jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)
    assert form(after) == form(carry)


@pytest.mark.parametrize("precision", ["float32", "mixed"])
@pytest.mark.parametrize("name", STACKS)
def test_the_unstacked_model_is_the_stack(name, precision):
    config, params = CONFIGS[name].model_copy(update={"precision": precision}), parameters(name)

    def run(config, params, carry):
        carry, h, _ = language_model.hidden(config, params, carry, jnp.asarray(TOKENS), jnp.asarray(GAPS))
        return MODELS[LanguageModel].logits(config, params, h), jax.tree.leaves(carry)

    flat = MODELS[type(config)].unstack(config, params, empty(name))
    assert len(flat[0].pattern) == config.layers
    stack, layers = (jax.jit(lambda f=form: run(*f), compiler_options=FAST_COMPILATION)() for form in ((config, params, empty(name)), flat))
    tolerance = 1e-5 if precision == "float32" else 2e-2
    np.testing.assert_allclose(layers[0][GAPS], stack[0][GAPS], rtol=tolerance, atol=tolerance * float(jnp.abs(stack[0]).max()))
    count = lambda leaves: sum(leaf.size for leaf in leaves)
    assert count(layers[1]) == count(stack[1]) > BATCH * LENGTH
