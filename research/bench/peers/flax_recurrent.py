"""The training step of an LSTM in flax.linen: one jitted function with donated state, on all threads of one CPU device."""

from functools import partial

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from jaxtyping import PyTree

from research.bench.benchmarks import Case
from research.bench.sizes import LSTMSizes
from research.bench.synthetic_text import uniform_tokens
from research.bench.work import Work

Carries = list[tuple[jax.Array, jax.Array]]
State = tuple[PyTree, optax.OptState, Carries, jax.Array]  # parameters, the optimiser's state, the carries, steps taken


class FlaxLSTM(nn.Module):
    """The cross-entropy of a chunk, summed over time, averaged over rows; and the state after it. Time comes first."""

    sizes: LSTMSizes

    @nn.compact
    def __call__(self, carries: Carries, inputs: jax.Array, targets: jax.Array, train: bool = True) -> tuple[jax.Array, Carries]:
        """[t b], [t b] -> nats, the state."""
        sizes, init = self.sizes, nn.initializers.normal(0.05)
        drop = nn.Dropout(sizes.dropout, deterministic=not train)
        x, new_carries = nn.Embed(sizes.vocabulary, sizes.width, embedding_init=init)(inputs), []
        for layer in range(sizes.layers):
            cell = nn.OptimizedLSTMCell(sizes.width, kernel_init=init, recurrent_kernel_init=init)
            carry, x = nn.RNN(cell, time_major=True, return_carry=True)(drop(x), initial_carry=carries[layer])
            new_carries.append(carry)
        logits = nn.Dense(sizes.vocabulary, kernel_init=init)(drop(x))
        nats = optax.softmax_cross_entropy_with_integer_labels(logits, targets)
        return nats.sum() / inputs.shape[1], new_carries


def prepare(case: Case, side: str) -> Work:
    """A unit is one step."""
    sizes = case.sizes
    assert isinstance(sizes, LSTMSizes)
    text = uniform_tokens(sizes.vocabulary)
    rows = (len(text) - 1) // sizes.batch
    columns = jnp.asarray(text[: rows * sizes.batch].reshape(sizes.batch, rows).T)
    state = flax_initial_state(sizes)
    jitted_step = jax.jit(partial(flax_training_step, sizes), donate_argnums=0)

    def run(units: int) -> None:
        nonlocal state
        for _ in range(units):
            state = jitted_step(state, columns)
        jax.block_until_ready(state)

    return Work(run)


def flax_initial_state(sizes: LSTMSizes) -> State:
    """Parameters, the optimiser's state, the carries, and the number of steps taken."""
    tokens = jnp.zeros((sizes.length, sizes.batch), jnp.int32)
    params = FlaxLSTM(sizes).init(jax.random.key(0), _zero_carries(sizes), tokens, tokens, train=False)
    return params, _optimiser(sizes).init(params), _zero_carries(sizes), jnp.zeros((), jnp.int32)


def flax_training_step(sizes: LSTMSizes, state: State, columns: jax.Array) -> State:
    """The next chunk of each column; the state goes on, its gradient stops."""
    params, optimiser_state, carries, number = state
    steps = (columns.shape[0] - 1) // sizes.length
    start = number % steps * sizes.length
    chunk = jax.lax.dynamic_slice_in_dim(columns, start, sizes.length + 1)
    carries = jax.tree.map(lambda leaf: jnp.where(number % steps == 0, 0.0, leaf), carries)
    key = {"dropout": jax.random.fold_in(jax.random.key(1), number)}
    objective = lambda params: FlaxLSTM(sizes).apply(params, carries, chunk[:-1], chunk[1:], rngs=key)
    gradient, new_carries = jax.grad(objective, has_aux=True)(params)
    change, optimiser_state = _optimiser(sizes).update(gradient, optimiser_state, params)
    return optax.apply_updates(params, change), optimiser_state, jax.lax.stop_gradient(new_carries), number + 1


def _optimiser(sizes: LSTMSizes) -> optax.GradientTransformation:
    return optax.chain(optax.clip_by_global_norm(sizes.clip), optax.sgd(sizes.learning_rate))


def _zero_carries(sizes: LSTMSizes) -> Carries:
    shape = (sizes.batch, sizes.width)
    return [(jnp.zeros(shape), jnp.zeros(shape)) for _ in range(sizes.layers)]
