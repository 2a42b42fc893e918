"""How a model is computed and not what it is: precision, what the backward pass keeps, and the unstacked form of decoding."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_models import BATCH, CONFIGS, FAST_COMPILATION, GAPS, LENGTH, TOKENS, VOCABULARY, parameters

from research.config.mixer import AttentionConfig
from research.config.model import LanguageModelConfig
from research.models import MODELS, language_model
from research.nn.mixers import MIXERS
from research.tasks.position_scores import logit_scores

pytestmark = pytest.mark.trains

WEIGHTS = np.random.default_rng(2).normal(size=(BATCH, LENGTH, VOCABULARY)) * GAPS[..., None]
STACKS = [name for name in CONFIGS if not name.startswith("feed-forward")]
GRADED = (  # every mixer with a backward pass of its own, scores with one, and each norm; the others' gradients are of the same products
    *("gru + attention, t5", "convolution + window, rotary", "gated_delta", "linear_attention", "attention, sinusoidal"),
    *("attention, learned", "attention, rotary", "convolution, no residual, swiglu"),
)


def mixed(name):
    return CONFIGS[name].model_copy(update={"precision": "mixed"})


def start(config, capacity=LENGTH):
    return MODELS[type(config)].empty(config, BATCH, capacity, VOCABULARY)


def smaller_parameters(name):
    """In numpy, which compiles nothing."""
    return jax.tree.map(lambda leaf: np.float32(0.4) * np.asarray(leaf), parameters(name))


@cache
def graded(config, name):
    """Compiled: parameters -> logits, and for `GRADED` the gradient of a loss on them by every parameter."""
    carry = start(config, 0)

    def loss(params):
        h = language_model.hidden(config, params, carry, jnp.asarray(TOKENS), jnp.asarray(GAPS))[1]
        logits = MODELS[LanguageModelConfig].logits(config, params, h)
        return (jax.nn.log_softmax(logits) * WEIGHTS).mean(), logits

    whole = lambda params: _logits_first(jax.value_and_grad(loss, has_aux=True)(params))
    return jax.jit(whole if name in GRADED else lambda params: (loss(params)[1], None), compiler_options=FAST_COMPILATION)


def _logits_first(found):
    (_, logits), gradient = found
    return logits, gradient


@pytest.mark.parametrize(
    ("name", "kept"), [("attention, rotary", "layers"), ("gru + attention, t5", "products"), ("convolution, no residual, swiglu", "layers")]
)
def test_what_is_computed_again_is_the_same(name, kept):
    config, params = CONFIGS[name], parameters(name)
    plain, again = graded(config, name)(params), graded(config.model_copy(update={"rematerialise": kept}), name)(params)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), again, plain)


@pytest.mark.parametrize("name", STACKS)
def test_mixed_precision_is_near(name):
    """bfloat16 has 8 bits: a relative error of 2^-9 a rounding, a few dozen roundings one after another."""
    config = mixed(name)
    params = smaller_parameters(name)
    (logits, gradient), (near, expected) = graded(config, name)(params), graded(CONFIGS[name], name)(params)
    assert logits.dtype == jnp.float32
    logits, near = np.asarray(logits)[GAPS], np.asarray(near)[GAPS]
    assert 0 < np.abs(logits - near).max() < 0.05 * np.abs(near).max()
    if name not in GRADED:
        return
    flat = lambda tree: np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])
    assert np.linalg.norm(flat(gradient) - flat(expected)) < 0.05 * np.linalg.norm(flat(expected))


ARITHMETIC = {
    *("add", "add_any", "sub", "mul", "div", "neg", "max", "exp", "exp2", "log", "log1p", "tanh", "logistic", "erf", "sqrt", "rsqrt"),
    *("integer_pow", "square", "pow", "reduce_sum", "reduce_max", "cumsum", "argmax"),
}


def operations(jaxpr):
    """Every equation of a program, inside its loops and calls too."""
    for equation in jaxpr.eqns:
        yield equation
        for value in equation.params.values():
            for inner in value if isinstance(value, tuple) else (value,):
                inner = getattr(inner, "jaxpr", inner)
                if hasattr(inner, "eqns"):
                    yield from operations(inner)


WITHOUT_LOOP = [name for name in STACKS if not any(MIXERS[type(mixer)].serial for mixer in CONFIGS[name].pattern)]
CASES = [*((name, False) for name in STACKS), *((name, True) for name in WITHOUT_LOOP)]  # observed: attention without its quick core


@pytest.mark.parametrize(("name", "observe"), CASES)
def test_mixed_precision_multiplies_matrices_of_bfloat16_and_computes_nothing_else_in_it(name, observe):
    """Norms, softmax and its gradient, residual sums, biases, nonlinearities, loss: no operation but a product reads a bfloat16, each
    product sums in float32, and every gradient is float32."""
    config, carry = mixed(name), start(mixed(name), 0)

    def loss(params):
        h = language_model.hidden(config, params, carry, jnp.asarray(TOKENS), jnp.asarray(GAPS), None, observe)[1]
        kernel, bias = language_model.output(config, params, False)
        return logit_scores(h, kernel, bias, jnp.asarray(TOKENS)).nats.sum()

    program = jax.make_jaxpr(jax.grad(loss))(parameters(name))
    assert {gradient.dtype for gradient in program.out_avals} == {jnp.dtype(jnp.float32)}
    seen = [*operations(program.jaxpr)]
    rounded = lambda equation: [v for v in equation.invars if getattr(v.aval, "dtype", None) == jnp.bfloat16]
    assert not {str(equation.primitive) for equation in seen if rounded(equation)} & ARITHMETIC
    products = [equation for equation in seen if str(equation.primitive) == "dot_general" and rounded(equation)]
    assert products
    assert {equation.params["preferred_element_type"] for equation in products} == {jnp.dtype(jnp.float32)}


@pytest.mark.parametrize("name", STACKS)
def test_the_logits_of_evaluation_are_of_a_product_in_float32(name):
    config = mixed(name)
    h = jnp.asarray(np.random.default_rng(0).normal(size=(2, config.width)), jnp.float32)
    params = parameters(name)
    kernel, bias = (np.asarray(part, np.float64) for part in language_model.output(CONFIGS[name], params))
    np.testing.assert_allclose(MODELS[LanguageModelConfig].logits(config, params, h), np.asarray(h) @ kernel + bias, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", STACKS)
def test_a_loss_of_evaluation_is_that_of_float32_to_a_thousandth(name):
    config = mixed(name)
    params = smaller_parameters(name)
    losses = []
    for words in (CONFIGS[name], config):
        logits = graded(words, name)(params)[0]
        losses.append(-np.take_along_axis(np.asarray(jax.nn.log_softmax(logits)), TOKENS[..., None], axis=-1)[GAPS].mean())
    np.testing.assert_allclose(*losses, rtol=1e-3)


@pytest.mark.parametrize("name", STACKS)
def test_the_carry_of_mixed_precision_keeps_its_form_and_attention_keeps_half_as_much(name):
    config = mixed(name)
    params, carry = parameters(name), start(config)
    after = jax.eval_shape(lambda: language_model.hidden(config, params, carry, jnp.asarray(TOKENS), jnp.ones_like(GAPS))[0])
    form = lambda tree: jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)
    assert form(after) == form(carry)
    keys = [layer.k.dtype for layer in carry.layers if hasattr(layer, "k")]
    assert set(keys) <= {jnp.dtype(jnp.bfloat16)}
    assert bool(keys) == any(isinstance(mixer, AttentionConfig) for mixer in config.pattern)


ROUNDED = ["attention, no position", "gru + attention, t5"]  # layers round where the stack does: what rounds is no part of the form


@pytest.mark.parametrize(("name", "precision"), [*((name, "float32") for name in STACKS), *((name, "mixed") for name in ROUNDED)])
def test_the_unstacked_model_is_the_stack(name, precision):
    """Of the same carry as many numbers, and logits that are those of training."""
    config, params = CONFIGS[name].model_copy(update={"precision": precision}), parameters(name)

    def run(config, params, carry):
        carry, h, _ = language_model.hidden(config, params, carry, jnp.asarray(TOKENS), jnp.asarray(GAPS))
        return MODELS[LanguageModelConfig].logits(config, params, h), jax.tree.leaves(carry)

    flat = MODELS[type(config)].unstack(config, params, start(config))
    assert len(flat[0].pattern) == config.layers
    layers, stack = jax.jit(lambda: run(*flat), compiler_options=FAST_COMPILATION)(), np.asarray(graded(config, name)(params)[0])
    tolerance = 1e-5 if precision == "float32" else 2e-2
    np.testing.assert_allclose(layers[0][GAPS], stack[GAPS], rtol=tolerance, atol=tolerance * float(np.abs(stack).max()))
    count = lambda leaves: sum(leaf.size for leaf in leaves)
    assert count(layers[1]) == count(jax.tree.leaves(start(config))) > BATCH * LENGTH
