"""Two models as one: w p1 + (1 - w) p2 for each token, with one weight chosen on validation (Jelinek & Mercer 1980)."""

import numpy as np
from jaxtyping import Float


def interpolate(log_p1: Float[np.ndarray, "*n"], log_p2: Float[np.ndarray, "*n"], weight: float) -> Float[np.ndarray, "*n"]:
    """log(w p1 + (1 - w) p2), from natural log-probabilities; -inf where both are."""
    with np.errstate(divide="ignore"):
        return np.logaddexp(np.log(weight) + log_p1, np.log1p(-weight) + log_p2)


def best_weight(log_p1: Float[np.ndarray, " n"], log_p2: Float[np.ndarray, " n"]) -> float:
    """The weight of the first model, in [0, 1], that gives these tokens their highest likelihood.

    The log-likelihood is concave in the weight, so that its slope is bisected. Tokens impossible under both models do not
    count; where the models agree on every token, every weight is as good and the answer is 1/2.
    """
    possible = np.maximum(log_p1, log_p2) > -np.inf
    high = np.maximum(log_p1, log_p2)[possible]
    p1, p2 = np.exp(log_p1[possible] - high), np.exp(log_p2[possible] - high)
    if np.array_equal(p1, p2):
        return 0.5
    return _bisect(p1, p2)


def _bisect(p1: Float[np.ndarray, " n"], p2: Float[np.ndarray, " n"]) -> float:
    if _slope(p1, p2, 0.0) <= 0.0:
        return 0.0
    if _slope(p1, p2, 1.0) >= 0.0:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(53):
        middle = (low + high) / 2
        low, high = (middle, high) if _slope(p1, p2, middle) > 0.0 else (low, middle)
    return (low + high) / 2


def _slope(p1: Float[np.ndarray, " n"], p2: Float[np.ndarray, " n"], weight: float) -> float:
    """The derivative of sum log(w p1 + (1 - w) p2) by w; infinite at an end where a token is all but impossible."""
    with np.errstate(divide="ignore", over="ignore"):
        return float(np.sum((p1 - p2) / (weight * p1 + (1.0 - weight) * p2)))
