"""A linear probe (Alain & Bengio 2017): how well softmax regression tells classes apart by vectors that are not its own.

Shapes: n sentences, d width, c classes.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int

from research.models.softmax_regression import STEPS, minimise_softmax
from research.tasks.classifying import log_softmax

L2 = (1.0, 10.0, 100.0, 1000.0, 10_000.0)  # of the weights, per training set, as `Softmax.l2`


class ProbeResult(NamedTuple):
    """What was found on the test split; `l2` is the value of L2 with the smallest loss on validation, which has seen nothing of test."""

    l2: float
    valid_accuracy: float
    nats: Float[np.ndarray, " n"]
    predicted: Int[np.ndarray, " n"]


LabelledVectors = tuple[Float32[np.ndarray, "_ d"], Int[np.ndarray, " _"]]


def linear_probe(train: LabelledVectors, valid: LabelledVectors, test: LabelledVectors, classes: int, steps: int = STEPS) -> ProbeResult:
    """Fit on train for every l2, choose by the loss on validation, of equals the larger l2, and score test once. `steps`: of a
    fit, at most.

    Vectors are moved and scaled to mean 0 and deviation 1 over train, so that layers of other scales are compared alike.
    """
    mean, deviation = train[0].mean(axis=0), train[0].std(axis=0)

    def scaled(x: Float32[np.ndarray, "_ d"]) -> Float32[np.ndarray, "_ d"]:
        standard: Float32[np.ndarray, "_ d"] = ((x - mean) / np.where(deviation > 1e-6, deviation, 1)).astype(np.float32)
        return standard

    x = scaled(train[0])
    fits = {l2: minimise_softmax(l2, x, train[1], classes, steps) for l2 in L2}
    valid_log_p = {l2: log_softmax(scaled(valid[0]) @ fit.weights + fit.bias) for l2, fit in fits.items()}
    loss = {l2: float(_nats(log_p, valid[1]).mean()) for l2, log_p in valid_log_p.items()}
    best = min(L2, key=lambda l2: (loss[l2], -l2))
    test_log_p = log_softmax(scaled(test[0]) @ fits[best].weights + fits[best].bias)
    return ProbeResult(
        best, float((valid_log_p[best].argmax(axis=1) == valid[1]).mean()), _nats(test_log_p, test[1]), test_log_p.argmax(axis=1)
    )


def commonest(labels: Int[np.ndarray, " n"], classes: int) -> int:
    """The class that most of the labels are, of equals the first."""
    return int(np.bincount(labels, minlength=classes).argmax())


def _nats(log_probabilities: Float[np.ndarray, "n c"], labels: Int[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    return -np.take_along_axis(log_probabilities, labels[:, None], axis=1)[:, 0]
