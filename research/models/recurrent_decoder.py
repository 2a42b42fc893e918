"""A recurrent decoder: it begins with what the encoder left and attends to the source with one score, without projections.

    luong        cells -> h; c = attend(h);  o = tanh(W [h; c])                            (Luong et al. 2015, sec. 3)
                 input feeding: o goes into the next step's first cell
    bahdanau     c = attend(h of the step before), which goes into the first cell; o = tanh(W [h; c])   (Bahdanau et al. 2014, sec. 3.1)
    none         o = h                                                                     (Sutskever et al. 2014)

Where a step needs nothing of the one before but the cells' states, a chunk is one scan of cells and one product with the source.
Shapes: b batch, t chunk, s places of the source, d width, m width of the memory.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import struct
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from research.config.encoder_decoder import RecurrentDecoderConfig as Config
from research.nn.attention_kernels import attend, fast_attention
from research.nn.dropout import dropout
from research.nn.embedding import lookup
from research.nn.initialisers import draw_bias, draw_weights
from research.nn.linear import dense, linear
from research.nn.masks import padding_mask
from research.nn.recurrent_cells import (
    CELLS,
    RecurrentParams,
    cells_flops,
    init_recurrent,
    mix_recurrent,
    step_from_products,
)
from research.nn.recurrent_state import RecurrentState
from research.nn.score_functions import SCORES, init_score, is_dot, prepare_keys, prepare_queries, prepared_logits, score_flops

States = tuple[RecurrentState, ...]  # of the layers, the first below
Fed = Float[Array, "b d"] | tuple[()]


@struct.dataclass
class RecurrentDecoderParams:
    embedding: Float[Array, "v d"]
    first: Float[Array, "n f"]  # from the encoder's summary to the cells' states
    first_bias: Float[Array, " f"]
    cells: tuple[RecurrentParams, ...]
    score: PyTree
    combine: Float[Array, "d+m d"] | tuple[()]


class RecurrentDecoderCarry(NamedTuple):
    """`keys` of the memory, prepared for the score; () where it attends to the memory as it is.

    `fed`: what goes from a step into the next one's first cell beside the symbol, or ().
    """

    memory: Float[Array, "b s m"]
    exists: Bool[Array, "b s"]
    keys: Float[Array, "b 1 s m"] | tuple[()]
    states: States
    fed: Fed


def init(config: Config, key: Key[Array, ""], vocabulary: int, memory: int, summary: int) -> RecurrentDecoderParams:
    """`memory`: the width of what is attended to; `summary`: of what is begun with."""
    key_embedding, key_first, key_bias, key_score, key_combine, key_cells = jax.random.split(key, 6)
    attention, width = config.attention, config.width
    states = first_width(config)
    widths = [width + _extra_inputs(config, memory), *[width] * (config.layers - 1)]
    cells = zip(jax.random.split(key_cells, config.layers), widths, strict=True)
    score = attention.score
    return RecurrentDecoderParams(
        embedding=draw_weights(config.init, key_embedding, (vocabulary, width), width),
        first=draw_weights(config.init, key_first, (summary, states), summary),
        first_bias=draw_bias(config.init, key_bias, states),
        cells=tuple(init_recurrent(config.cell, k, width, config.init, inputs) for k, inputs in cells),
        score=init_score(score, key_score, 1, width, config.init, memory) if score else (),
        combine=draw_weights(config.init, key_combine, (width + memory, width), width + memory) if score else (),
    )


def first_width(config: Config) -> int:
    """How many numbers the first states of all layers have."""
    return config.layers * len(CELLS[type(config.cell)].fields) * config.width


def begin(config: Config, params: RecurrentDecoderParams, memory: Array, exists: Array, summary: Array) -> RecurrentDecoderCarry:
    """The carry before the first symbol: states are tanh(W summary + b), the memory of an lstm without the tanh.

    An encoder's precision ends here: what it left is attended to in the decoder's.
    """
    kind = CELLS[type(config.cell)]
    parts = iter(jnp.split(dense(summary, params.first, params.first_bias), config.layers * len(kind.fields), axis=-1))

    def next_state() -> RecurrentState:
        return kind.state(**{name: next(parts) if name == "c" else jnp.tanh(next(parts)) for name in kind.fields})

    states = tuple(next_state() for _ in range(config.layers))
    memory = memory.astype(params.first.dtype)
    return RecurrentDecoderCarry(
        memory, exists, _keys(config, params, memory), states, jnp.zeros_like(states[-1].h) if config.attention.input_feeding else ()
    )


def _keys(config: Config, params: RecurrentDecoderParams, memory: Float[Array, "b s m"]) -> Float[Array, "b 1 s n"] | tuple[()]:
    score = config.attention.score
    return prepare_keys(score, params.score, memory[:, None]) if score and SCORES[type(score)].keys else ()


def hidden(
    config: Config,
    params: RecurrentDecoderParams,
    carry: RecurrentDecoderCarry,
    tokens: Int[Array, "b t"],
    valid: Bool[Array, "b t"],
    key: Key[Array, ""] | None = None,
    observe: bool = False,
) -> tuple[RecurrentDecoderCarry, Float[Array, "b t d"], dict[str, Array] | tuple[()]]:
    """What the output layer reads. Observed: `cross_weights` [b 1 t s] where there is attention, else {}."""
    key_input, key_between, key_output = (None,) * 3 if key is None else jax.random.split(key, 3)
    x = dropout(key_input, config.dropout, lookup(params.embedding, tokens))
    chunk = _step_by_step if config.attention.before_cell or config.attention.input_feeding else _at_once
    carry, o, weights = chunk(config, params, carry, x, valid, key_between, observe)
    aux: dict[str, Array] | tuple[()] = () if not observe else {} if weights is None else {"cross_weights": weights}
    return carry, dropout(key_output, config.dropout, o), aux


def _at_once(
    config: Config, params: RecurrentDecoderParams, carry: RecurrentDecoderCarry, x: Array, valid: Array, key: Array | None, observe: bool
) -> tuple[RecurrentDecoderCarry, Array, Array | None]:
    states = []
    for i, (cell, state) in enumerate(zip(params.cells, carry.states, strict=True)):
        x = _between(config, key, i, x)
        state, x, _ = mix_recurrent(config.cell, cell, state, x, valid)
        states.append(state)
    carry = carry._replace(states=tuple(states))
    if config.attention.score is None:
        return carry, x, None
    context, weights = _attend_memory(config, params, carry, x, observe)
    return carry, _combine(params, x, context), weights


def _step_by_step(
    config: Config, params: RecurrentDecoderParams, carry: RecurrentDecoderCarry, x: Array, valid: Array, key: Array | None, observe: bool
) -> tuple[RecurrentDecoderCarry, Array, Array | None]:
    """The symbols' share of the first cell's input is one product before the loop."""
    products, extra_kernel = dense(x, params.cells[0].input_kernel[: config.width]), params.cells[0].input_kernel[config.width :]
    keys = None if key is None else jax.random.split(key, x.shape[1])

    def step(state: tuple[States, Fed], now: tuple[Array, Array, Array | None]) -> tuple[tuple[States, Fed], tuple[Array, Array | None]]:
        states, fed = state
        product, exists, key = now
        context, weights = _attend_memory_once(config, params, carry, states[-1].h, observe) if isinstance(fed, tuple) else (fed, None)
        new = _cells(config, params, states, product + linear(context, extra_kernel), exists, key)
        if not isinstance(fed, tuple):
            context, weights = _attend_memory_once(config, params, carry, new[-1].h, observe)
        o = _combine(params, new[-1].h, context)
        return (new, fed if isinstance(fed, tuple) else jnp.where(exists[:, None], o, fed)), (o, weights)

    (states, fed), (o, weights) = lax.scan(step, (carry.states, carry.fed), (products.swapaxes(0, 1), valid.T, keys))
    return carry._replace(states=states, fed=fed), o.swapaxes(0, 1), None if weights is None else jnp.moveaxis(weights, 0, 2)


def _cells(config: Config, params: RecurrentDecoderParams, states: States, product: Array, exists: Array, key: Array | None) -> States:
    new_states = [step_from_products(config.cell, params.cells[0], states[0], product, exists)]
    for i, (cell, state) in enumerate(zip(params.cells[1:], states[1:], strict=True), start=1):
        x = _between(config, key, i, new_states[-1].h)
        new_states.append(step_from_products(config.cell, cell, state, linear(x, cell.input_kernel), exists))
    return tuple(new_states)


def _attend_memory(
    config: Config, params: RecurrentDecoderParams, carry: RecurrentDecoderCarry, h: Float[Array, "b t d"], observe: bool
) -> tuple[Array, Array | None]:
    """The context vector of each state, and the weights if observed."""
    score, v = config.attention.score, carry.memory[:, None]
    assert score is not None
    q, k = prepare_queries(score, params.score, h[:, None]), v if isinstance(carry.keys, tuple) else carry.keys
    mask = padding_mask(carry.exists).repeat(h.shape[1], axis=1)
    if is_dot(score) and not observe:
        return fast_attention(q, k, v, mask)[:, 0], None
    mixed, weights = attend(prepared_logits(score, params.score, q, k), v, mask)
    return mixed[:, 0], weights if observe else None


def _attend_memory_once(
    config: Config, params: RecurrentDecoderParams, carry: RecurrentDecoderCarry, h: Float[Array, "b d"], observe: bool
) -> tuple[Array, Array | None]:
    context, weights = _attend_memory(config, params, carry, h[:, None], observe)
    return context[:, 0], None if weights is None else weights[:, :, 0]


def _combine(params: RecurrentDecoderParams, h: Float[Array, "*n d"], context: Float[Array, "*n m"]) -> Float[Array, "*n d"]:
    return jnp.tanh(dense(jnp.concatenate([h, context], axis=-1), params.combine))


def _between(config: Config, key: Array | None, layer: int, x: Array) -> Array:
    """Dropout of what goes up to a layer that is not the first."""
    return x if key is None or not layer else dropout(jax.random.fold_in(key, layer), config.dropout, x)


def _extra_inputs(config: Config, memory: int) -> int:
    """How many numbers go into the first cell beside the symbol's."""
    return memory if config.attention.before_cell else config.width if config.attention.input_feeding else 0


def recurrent_decoder_flops(config: Config, length: int, memory: int, places: int) -> float:
    """Forward, for one symbol of a target of `length`, without the output layer."""
    score, width = config.attention.score, config.width
    cells = cells_flops(config.cell, width, [width + _extra_inputs(config, memory)] + [width] * (config.layers - 1))
    if score is None:
        return cells
    memory_flops = score_flops(score, width, memory, places, places / length) + 2.0 * places * memory
    return cells + memory_flops + 2.0 * (width + memory) * width


def first_flops(config: Config, summary: int) -> float:
    """Forward, of the first states, computed once for a source."""
    return 2.0 * summary * config.layers * len(CELLS[type(config.cell)].fields) * config.width


def recurrent_decoder_time_steps(config: Config, length: int) -> int:
    """Those of every layer."""
    return length * config.layers * CELLS[type(config.cell)].serial
