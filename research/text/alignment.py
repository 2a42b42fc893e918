"""Attention read as an alignment of target words with source words (Bahdanau et al. 2015, section 5.2.1)."""

import numpy as np
from jaxtyping import Float, Int

NONE = -1  # a target position that has no source


def alignment_accuracy(weights: Float[np.ndarray, "q s"], truth: Int[np.ndarray, " q"]) -> float:
    """The share of target positions whose likeliest source position is the true one, over those that have one (`truth` is not NONE).

    Of equal weights the first counts. NaN where no position has a source.
    """
    aligned = truth != NONE
    return float((weights.argmax(axis=1) == truth)[aligned].mean()) if aligned.any() else float("nan")


def alignment_entropy(weights: Float[np.ndarray, "q s"]) -> float:
    """The mean entropy, in nats, of the weights over source positions: 0 where each target looks at one source, at most ln s."""
    logs = np.log(np.where(weights > 0, weights, 1.0))
    return float(-(weights * logs).sum(axis=1).mean())
