"""Two steps of training in the manner of Zaremba et al. 2014 against an LSTM in float64 numpy and differences of its loss."""

import jax
import jax.numpy as jnp
import numpy as np

from research.config.schema import Config
from research.data.batches import train_batch
from research.data.dataset import TextSplit
from research.data.split_memory import device_arrays
from research.tasks.sizes import Sizes
from research.train.update import Member, Program, jitted_initial_state, train_step

BATCH, LENGTH, WIDTH, TYPES, CLIP = 2, 20, 3, 5, 5.0
CONFIG = Config.model_validate(
    {
        "data": {"kind": "pydoc", "length": LENGTH, "batches": "columns"},
        "model": {
            "kind": "language_model",
            "layers": 2,
            "width": WIDTH,
            "mixer": {"kind": "lstm", "forget_bias": 0.0},
            "norm": {"kind": "none"},
            "residual": False,
            "feed_forward": {"kind": "none"},
            "init": {"kind": "uniform", "scale": 1.5},
        },
        "optim": {"kind": "sgd", "learning_rate": 0.5, "clip": CLIP},
        "train": {"steps": 4, "batch_size": BATCH, "loss": "time_sum"},
    }
)
TEXT = TextSplit(np.random.default_rng(1).integers(0, TYPES, BATCH * LENGTH * 2).astype(np.int32), np.zeros(BATCH * LENGTH * 2, np.int32))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def forward(params, carry, inputs, targets):
    """Nats summed over time, mean over the batch; the state after the chunk. `params`: embedding, layers of (W, U, b), output, its bias."""
    embedding, layers, output, output_bias = params
    total, carry = 0.0, [list(state) for state in carry]
    for now, target in zip(inputs.T, targets.T, strict=True):
        x = embedding[now]
        for (w, u, b), state in zip(layers, carry, strict=True):
            i, f, g, o = np.split(x @ w + state[1] @ u + b, 4, axis=-1)
            state[0] = sigmoid(f) * state[0] + sigmoid(i) * np.tanh(g)
            state[1] = x = sigmoid(o) * np.tanh(state[0])
        logits = x @ output + output_bias
        total += (np.log(np.exp(logits).sum(axis=-1)) - logits[np.arange(BATCH), target]).sum()
    return total / BATCH, carry


def in_numpy(params):
    mixer = params.blocks[0].mixer
    layers = [tuple(np.float64(part[i]) for part in (mixer.input_kernel, mixer.recurrent_kernel, mixer.bias)) for i in range(2)]
    return np.float64(params.embedding), layers, np.float64(params.output), np.float64(params.output_bias)


def leaves(params):
    embedding, layers, output, bias = params
    return [embedding, *(part for layer in layers for part in layer), output, bias]


def gradient(params, *rest, h=1e-5):
    """Central differences."""
    found = []
    for leaf in leaves(params):
        slope = np.zeros_like(leaf)
        for at in np.ndindex(leaf.shape):
            was = leaf[at]
            leaf[at] = was + h
            above = forward(params, *rest)[0]
            leaf[at] = was - h
            slope[at] = (above - forward(params, *rest)[0]) / (2 * h)
            leaf[at] = was
        found.append(slope)
    return found


def test_two_steps_are_those_of_numpy():
    program = Program(CONFIG, Sizes(TYPES, LENGTH), steps=4, steps_per_epoch=2)
    member = Member(jnp.uint32(7), jnp.float32(0.5), jnp.float32(0))
    state, arrays = jitted_initial_state(program, CONFIG.model, member), device_arrays(TEXT)
    step = jax.jit(lambda state: train_step(program, member, state, arrays))
    batch_at = jax.jit(lambda number: train_batch(CONFIG.data, BATCH, arrays, jax.random.key(0), number))
    carry = [[np.zeros((BATCH, WIDTH))] * 2] * 2
    for number in range(2):
        batch = batch_at(jnp.int32(number))
        params = in_numpy(state.params)
        loss, after = forward(params, carry, np.asarray(batch.inputs), np.asarray(batch.targets))
        slopes = gradient(params, carry, np.asarray(batch.inputs), np.asarray(batch.targets))
        norm = np.sqrt(sum((slope**2).sum() for slope in slopes))
        assert norm > CLIP, "the clip must be seen at work"

        state, trace = step(state)
        np.testing.assert_allclose(trace.sums.loss, loss * BATCH, rtol=1e-5)
        np.testing.assert_allclose(trace.sums.gradient_norm, norm, rtol=1e-4)
        expected = [leaf - 0.5 * CLIP / norm * slope for leaf, slope in zip(leaves(params), slopes, strict=True)]
        for found, wanted in zip(leaves(in_numpy(state.params)), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
        carry = after  # handed on: it is the state under the old parameters, and a constant of the next step
