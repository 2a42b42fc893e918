"""Norms by lag in a few numbers. Shapes: n seeds, t lags, b examples."""

import math

import numpy as np
from jaxtyping import Float

from research.config.mixer import Elman, OrthogonalInit

from .flow import Flow

FLOOR = 1e-30  # norms below it are near the end of float32: no slope is fitted to them


def middle(norms: Float[np.ndarray, "n t b"]) -> Float[np.ndarray, " t"]:
    """The geometric mean over seeds and examples; zero where a norm is zero."""
    with np.errstate(divide="ignore"):
        return np.exp(np.log(norms).mean(axis=(0, 2)))


def mean(norms: Float[np.ndarray, "n t b"]) -> Float[np.ndarray, " t"]:
    """The mean over seeds and examples."""
    return norms.mean(axis=(0, 2))


def slope(norms: Float[np.ndarray, "n t b"]) -> float:
    """The least-squares slope of the log of the geometric mean against the lag: its change a step, over the lags above `FLOOR`."""
    by_lag = middle(norms)
    lags = np.flatnonzero(by_lag > FLOOR)
    return float(np.polyfit(lags, np.log(by_lag[lags]), 1)[0]) if len(lags) > 1 else math.nan


def falls_under(norms: Float[np.ndarray, "n t b"], limit: float) -> int | None:
    """The first lag, counted from 1, whose geometric mean lies below the limit."""
    below = np.flatnonzero(middle(norms) < limit)
    return int(below[0]) + 1 if len(below) else None


def far_share(norms: Float[np.ndarray, "n t b"], steps: int) -> float:
    """How much of the norms' sum is of steps more than `steps` before the last. An example without a gradient has no weight in it."""
    total = norms.sum()
    return float(norms[:, steps + 1 :].sum() / total) if total else math.nan


def theory(flow: Flow) -> Float[np.ndarray, " t"] | None:
    """rho^lag for lags 1, 2, ...; None where the recurrent matrix does not begin as rho times an orthogonal one."""
    init = flow.mixer.recurrent_init if isinstance(flow.mixer, Elman) else None
    if not isinstance(init, OrthogonalInit):
        return None
    return init.scale ** np.arange(1, flow.before["state"].shape[1] + 1, dtype=np.float64)
