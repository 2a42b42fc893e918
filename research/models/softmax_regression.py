"""Softmax regression over sparse features, or over dense ones.

Shapes: n sentences, f features, c classes.
"""

import warnings
from typing import TYPE_CHECKING, NamedTuple, Union

import numpy as np
from jaxtyping import Float, Float32, Int

from research.config.classify import Softmax

if TYPE_CHECKING:
    import scipy.sparse

STEPS = 1000  # of L-BFGS
GRADIENT = 1e-6  # at the minimum no number of the gradient, of the mean over sentences, is larger
Features = Union["scipy.sparse.csr_matrix", Float[np.ndarray, "n f"]]


class SoftmaxMinimum(NamedTuple):
    """Weights and bias where the loss is least, in how many steps that was reached, and how steep the loss still is there."""

    weights: Float32[np.ndarray, "f c"]
    bias: Float32[np.ndarray, " c"]
    steps: int
    gradient_norm: float


def fit_softmax(config: Softmax, x: Features, labels: Int[np.ndarray, " n"], classes: int) -> SoftmaxMinimum:
    """The minimum of the summed cross-entropy + l2 |W|^2 / 2, of a sparse or a dense matrix. Warns where it is not reached."""
    return minimise_softmax(config.l2, x, labels, classes)


def minimise_softmax(l2: float, x: Features, labels: Int[np.ndarray, " n"], classes: int, steps: int = STEPS) -> SoftmaxMinimum:
    """The same; everything is computed in float64, in which the loss tells apart what its tolerance asks for."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax
    from sklearn.exceptions import ConvergenceWarning

    (n, features), x = x.shape, x.astype(np.float64)
    targets = np.zeros((n, classes))
    targets[np.arange(n), labels] = 1.0

    def loss_and_gradient(flat: Float[np.ndarray, " m"]) -> tuple[float, Float[np.ndarray, " m"]]:
        weights, bias = flat[:-classes].reshape(features, classes), flat[-classes:]
        log_probabilities = log_softmax(x @ weights + bias, axis=1)
        residual = np.exp(log_probabilities) - targets
        loss = -(log_probabilities * targets).sum() + 0.5 * l2 * (weights**2).sum()
        return loss / n, np.concatenate([(x.T @ residual + l2 * weights).ravel(), residual.sum(axis=0)]) / n

    result = minimize(
        loss_and_gradient,
        np.zeros((features + 1) * classes),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": steps, "maxfun": 2 * steps, "gtol": GRADIENT, "ftol": 0.0},
    )
    largest = float(np.abs(result.jac).max())
    if largest > GRADIENT:
        warnings.warn(
            f"softmax regression is not at its minimum after {result.nit} steps: its gradient is {largest:.1e}, above {GRADIENT:.0e}",
            ConvergenceWarning,
            stacklevel=2,
        )
    weights, bias = np.split(result.x.astype(np.float32), [features * classes])
    return SoftmaxMinimum(weights.reshape(features, classes), bias, int(result.nit), float(np.linalg.norm(result.jac)))
