"""Least squares over counted features with a penalty on the weights, solved to the minimum."""

from typing import Any

import numpy as np
from jaxtyping import Float

from research.classic.linear_classifiers import LinearClassifier
from research.config.classify import Ridge

TOLERANCE = 1e-10  # of the conjugate gradients' residual, as a share of its first


def fit_ridge(config: Ridge, x: Any, numbers: Float[np.ndarray, " n"]) -> LinearClassifier:
    """Weights [f 1] and bias [1] that minimise the sum of squared errors plus l2 times the weights' squares; `x` is sparse, [n f]."""
    from sklearn.linear_model import Ridge as SparseRidge

    centre = float(numbers.mean())
    model = SparseRidge(alpha=config.l2, solver="sparse_cg", tol=TOLERANCE).fit(x.astype(np.float64), numbers - centre)
    return LinearClassifier(model.coef_[:, None], np.array([model.intercept_ + centre]))


def fit_mean(x: Any, numbers: Float[np.ndarray, " n"]) -> LinearClassifier:
    """The mean as the bias, and no weight."""
    return LinearClassifier(np.zeros((x.shape[1], 1)), np.array([numbers.mean()]))


def fit_line(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> tuple[float, float]:
    """Slope and offset of the least squares line of y over x; the mean of y where x does not vary."""
    centred = x - x.mean()
    spread = float(centred @ centred)
    slope = float(centred @ (y - y.mean())) / spread if spread > 0 else 0.0
    return slope, float(y.mean() - slope * x.mean())
