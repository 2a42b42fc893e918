"""The published equations of the recurrent cells, one step after another in float64: what the cells are checked against.

Each takes its config, parameters and inputs x [t i], and returns h [t d] from zeros.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np

from research.config.mixer import GRU, LSTM, Elman

NONLINEARITIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
}


@runtime_checkable
class CellArrays(Protocol):
    """The arrays of `recurrent_cells.RecurrentParams`."""

    input_kernel: np.ndarray
    recurrent_kernel: np.ndarray
    bias: np.ndarray


def elman_in_numpy(config: Elman, params: CellArrays, x: np.ndarray) -> np.ndarray:
    """h_t = f(W x_t + U h_{t-1} + b) (Elman 1990)."""
    nonlinearity, h, outputs = NONLINEARITIES[config.nonlinearity], np.zeros(params.recurrent_kernel.shape[0]), []
    for x_t in x:
        h = nonlinearity(x_t @ params.input_kernel + h @ params.recurrent_kernel + params.bias)
        outputs.append(h)
    return np.array(outputs)


def gru_in_numpy(config: GRU, params: CellArrays, x: np.ndarray) -> np.ndarray:
    """r, z = sigma(W x + U h + b), n = tanh(W x + b + r (U h + c)), h = (1 - z) n + z h (Cho et al. 2014, as in cuDNN)."""
    (w_n, w_r, w_z), (u_r, u_z, u_n), (b_n, b_r, b_z, c_n) = _blocks(params)
    h, outputs = np.zeros(len(b_n)), []
    for x_t in x:
        r, z = _sigmoid(x_t @ w_r + h @ u_r + b_r), _sigmoid(x_t @ w_z + h @ u_z + b_z)
        n = np.tanh(x_t @ w_n + b_n + r * (h @ u_n + c_n))
        h = (1 - z) * n + z * h
        outputs.append(h)
    return np.array(outputs)


def lstm_in_numpy(config: LSTM, params: CellArrays, x: np.ndarray) -> np.ndarray:
    """i, f, o = sigma(W x + U h + b), c = f c + i tanh(W x + U h + b), h = o tanh(c) (Gers et al. 2000)."""
    (w_i, w_f, w_g, w_o), (u_i, u_f, u_g, u_o), (b_i, b_f, b_g, b_o) = _blocks(params)
    h, c, outputs = np.zeros(len(b_i)), np.zeros(len(b_i)), []
    for x_t in x:
        i, f, o = (_sigmoid(x_t @ w + h @ u + b) for w, u, b in ((w_i, u_i, b_i), (w_f, u_f, b_f), (w_o, u_o, b_o)))
        c = f * c + i * np.tanh(x_t @ w_g + h @ u_g + b_g)
        h = o * np.tanh(c)
        outputs.append(h)
    return np.array(outputs)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def _blocks(params: CellArrays) -> tuple[list[np.ndarray], ...]:
    width = params.recurrent_kernel.shape[0]
    arrays = (params.input_kernel, params.recurrent_kernel, params.bias)
    return tuple(np.split(np.asarray(a, np.float64), a.shape[-1] // width, axis=-1) for a in arrays)
