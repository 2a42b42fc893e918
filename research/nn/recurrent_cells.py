"""The recurrent cells: elman, gru, lstm.

Shapes: b batch, t chunk length, d width of state and output, i of an input (which is d in a stack). The gates of a step lie side by
side in one array.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float

from research.config.mixer import GRU, LSTM, Elman, MixerConfig, OrthogonalInit, ScaledInit
from research.config.model import Initialiser, UniformInit
from research.nn.initialisers import LECUN, Key, draw_bias, draw_weights
from research.nn.linear import dense, linear
from research.nn.recurrent_in_numpy import elman_in_numpy, gru_in_numpy, lstm_in_numpy
from research.nn.recurrent_scan import cell_step, scan_plain, scan_recurrent
from research.nn.recurrent_state import HiddenState, LSTMState, RecurrentState, State


@struct.dataclass
class RecurrentParams:
    """Parameters of a cell. Blocks of lstm are in the order input, forget, candidate, output.

    Of gru, those of the input kernel are candidate, reset, update, and those of the recurrent kernel reset, update, candidate. The fourth
    of its bias is added to the candidate's recurrent product, before the reset gate.
    """

    input_kernel: Float[Array, "i r"]
    recurrent_kernel: Float[Array, "d r"]
    bias: Float[Array, " g"]


NONLINEARITIES: dict[str, Callable[[Array], Array]] = {"tanh": jnp.tanh, "relu": jax.nn.relu, "linear": lambda x: x}


def elman(config: Elman, state: HiddenState, preactivation: Float[Array, "b d"]) -> tuple[HiddenState, dict[str, Array]]:
    """h = f(preactivation) (Elman 1990)."""
    return HiddenState(NONLINEARITIES[config.nonlinearity](preactivation)), {}


def gru(config: GRU, state: HiddenState, preactivation: Float[Array, "b g"]) -> tuple[HiddenState, dict[str, Array]]:
    """h = (1 - update) candidate + update h, with candidate = tanh(input + reset * recurrent) (Cho et al. 2014, as in cuDNN)."""
    candidate, reset, update, recurrent = jnp.split(preactivation, 4, axis=-1)
    reset, update = jax.nn.sigmoid(reset), jax.nn.sigmoid(update)
    candidate = jnp.tanh(candidate + reset * recurrent)
    return HiddenState(candidate + update * (state.h - candidate)), {"reset": reset, "update": update, "candidate": candidate}


def lstm(config: LSTM, state: LSTMState, preactivation: Float[Array, "b g"]) -> tuple[LSTMState, dict[str, Array]]:
    """c = forget c + input candidate, h = output tanh(c) (Hochreiter & Schmidhuber 1997; Gers et al. 2000)."""
    i, f, g, o = jnp.split(preactivation, 4, axis=-1)
    i, f, g, o = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)
    c = f * state.c + i * g
    return LSTMState(c, o * jnp.tanh(c)), {"input": i, "forget": f, "candidate": g, "output": o}


def _draw_scaled(config: ScaledInit, key: Key, width: int) -> Float[Array, "d d"]:
    return draw_weights(UniformInit(kind="uniform", scale=width**-0.5), key, (width, width), width)


def _draw_orthogonal(config: OrthogonalInit, key: Key, width: int) -> Float[Array, "d d"]:
    kernel: Array = jax.nn.initializers.orthogonal(config.scale)(key, (width, width))
    return kernel


RECURRENT_INITS: dict[type, Callable[[Any, Key, int], Array]] = {ScaledInit: _draw_scaled, OrthogonalInit: _draw_orthogonal}


def draw_recurrent_kernel(config: MixerConfig, key: Key, width: int, initialiser: Initialiser) -> Float[Array, "d r"]:
    """By the model's initialiser."""
    return draw_weights(initialiser, key, (width, CELLS[type(config)].gates * width), width)


def draw_elman_kernel(config: Elman, key: Key, width: int, initialiser: Initialiser) -> Float[Array, "d d"]:
    """By the cell's own initialiser."""
    return RECURRENT_INITS[type(config.recurrent_init)](config.recurrent_init, key, width)


def draw_gate_biases(config: MixerConfig, key: Key, width: int, initialiser: Initialiser) -> Float[Array, " g"]:
    """By the model's initialiser."""
    return draw_bias(initialiser, key, CELLS[type(config)].biases * width)


def draw_lstm_biases(config: LSTM, key: Key, width: int, initialiser: Initialiser) -> Float[Array, " g"]:
    """By the model's initialiser, plus `forget_bias` for the forget gate."""
    return draw_gate_biases(config, key, width, initialiser).at[width : 2 * width].add(config.forget_bias)


Draw = Callable[[Any, Key, int, Initialiser], Array]


class CellKind(NamedTuple):
    """A cell, its state and the names of its fields, and how many blocks of width d its kernels (`gates`) and its bias (`biases`) have.

    draw_kernel, draw_bias(config, key, width, initialiser) -> the recurrent kernel and the bias
    serial: whether a step waits for the one before it
    observes: the gates that the cell returns beside its state
    reference: (config, params, x [t i]) -> h [t d] from zeros, in a plain loop of numpy that any reader can check
    """

    cell: Callable[[Any, Any, Array], tuple[Any, dict[str, Array]]]
    state: Callable[..., RecurrentState]
    fields: tuple[str, ...]
    gates: int
    biases: int
    draw_kernel: Draw
    draw_bias: Draw
    serial: bool
    observes: tuple[str, ...]
    reference: Callable[[Any, Any, np.ndarray], np.ndarray]


CELLS: dict[type, CellKind] = {
    Elman: CellKind(
        elman,
        HiddenState,
        HiddenState._fields,
        1,
        1,
        draw_elman_kernel,
        draw_gate_biases,
        serial=True,
        observes=(),
        reference=elman_in_numpy,
    ),
    GRU: CellKind(
        gru,
        HiddenState,
        HiddenState._fields,
        3,
        4,
        draw_recurrent_kernel,
        draw_gate_biases,
        serial=True,
        observes=("reset", "update", "candidate"),
        reference=gru_in_numpy,
    ),
    LSTM: CellKind(
        lstm,
        LSTMState,
        LSTMState._fields,
        4,
        4,
        draw_recurrent_kernel,
        draw_lstm_biases,
        serial=True,
        observes=("input", "forget", "candidate", "output"),
        reference=lstm_in_numpy,
    ),
}


def init_recurrent(
    config: MixerConfig, key: Key, width: int, initialiser: Initialiser = LECUN, inputs: int | None = None
) -> RecurrentParams:
    """Kernels and biases by the model's initialiser, save that elman has its own for the recurrent kernel, and lstm adds `forget_bias`.

    `inputs`: the width of an input, where it is not that of the state.
    """
    kind, inputs = CELLS[type(config)], width if inputs is None else inputs
    key_input, key_recurrent, key_bias = jax.random.split(key, 3)
    recurrent, bias = kind.draw_kernel(config, key_recurrent, width, initialiser), kind.draw_bias(config, key_bias, width, initialiser)
    return RecurrentParams(draw_weights(initialiser, key_input, (inputs, kind.gates * width), inputs), recurrent, bias)


def empty_recurrent(config: MixerConfig, batch: int, capacity: int, width: int) -> RecurrentState:
    """Zeros; a recurrent state needs no capacity."""
    kind = CELLS[type(config)]
    return kind.state(*(jnp.zeros((batch, width)) for _ in kind.fields))


def mix_recurrent(
    config: MixerConfig,
    params: RecurrentParams,
    carry: RecurrentState,
    x: Float[Array, "b t i"],
    valid: Bool[Array, "b t"],
    key: Key | None = None,
    observe: bool = False,
) -> tuple[RecurrentState, Float[Array, "b t d"], dict[str, Array] | tuple[()]]:
    """The hidden state after each input. No dropout within.

    Observed: the state after each input (`h`, and `c` of lstm) and the gates by name, [b t d] each.
    """
    cell = partial(CELLS[type(config)].cell, config)
    inputs = _input_preactivation(params, dense(x.swapaxes(0, 1), params.input_kernel)).astype(
        carry.h.dtype
    )  # the state keeps its precision
    if not observe:
        carry, hidden = scan_recurrent(cell, carry, inputs, params.recurrent_kernel, valid.T)
        return carry, hidden.swapaxes(0, 1), ()
    carry, (states, gates) = scan_plain(cell, carry, inputs, params.recurrent_kernel, valid.T)
    aux = {name: a.swapaxes(0, 1) for name, a in {**states._asdict(), **gates}.items()}
    return carry, aux["h"], aux


def recurrent_flops(config: MixerConfig, width: int, length: int, inputs: int | None = None) -> float:
    """Forward, for one step. `inputs`: as of `init_recurrent`."""
    return 2.0 * CELLS[type(config)].gates * ((width if inputs is None else inputs) + width) * width


def cells_flops(config: MixerConfig, width: int, inputs: list[int]) -> float:
    """Forward, for one step of layers whose inputs have these widths."""
    return sum(recurrent_flops(config, width, 1, input_width) for input_width in inputs)


def step_recurrent(config: MixerConfig, params: RecurrentParams, state: RecurrentState, x: Float[Array, "b d"]) -> RecurrentState:
    """The state after one input that exists; a plain function for Jacobians (d s_T / d s_t) in forward or reverse mode."""
    return step_from_products(config, params, state, linear(x, params.input_kernel))


def step_from_products(
    config: MixerConfig, params: RecurrentParams, state: State, products: Float[Array, "b r"], exists: Bool[Array, " b"] | None = None
) -> State:
    """The state after one input of which the product with the input kernel is given; rows whose input does not exist keep theirs."""
    inputs = _input_preactivation(params, products).astype(state.h.dtype)
    return cell_step(partial(CELLS[type(config)].cell, config), state, inputs, params.recurrent_kernel, exists)[0]


def _input_preactivation(params: RecurrentParams, products: Float[Array, "*n r"]) -> Float[Array, "*n g"]:
    missing = params.bias.shape[0] - products.shape[-1]
    products = jnp.pad(products, [(0, 0)] * (products.ndim - 1) + [(0, missing)])
    return products + jnp.broadcast_to(params.bias, products.shape)
