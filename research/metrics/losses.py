"""Metrics of a loss that is summed over the tokens of each item."""

import math
from typing import Literal

from research.metrics.metric_kind import Metric, Shown, ratio, stored_field

NATS = stored_field("loss", "nats")
COPY_NATS = stored_field("misspelt", "nats")  # nats of the items' misspelt copies
ABOVE_ZERO = (0.0, math.inf)


def _loss(
    name: str, title: str, like: str, shown: Shown, compares: Literal["targets", "text"], at: Literal["group", "setting"] = "group"
) -> Metric:
    statistic = ratio(NATS, "tokens", shown)
    return Metric(name, title, -1, ABOVE_ZERO, "number", "split", compares, like, at, statistic, measured=False)


LOSS = _loss("loss", "loss", "loss", "itself", "targets")
MSE = _loss("mse", "MSE", "mse", "itself", "targets")
PERPLEXITY = _loss("perplexity", "perplexity", "perplexity", "exponential", "targets", "setting")
PSEUDO_PERPLEXITY = _loss("pseudo_perplexity", "pseudo-perplexity", "pseudo_perplexity", "exponential", "targets")
BITS_PER_CHARACTER = _loss("bits_per_character", "bits per character", "bits_per", "proportional", "text", "setting")
BITS_PER_BYTE = _loss("bits_per_byte", "bits per byte", "bits_per", "proportional", "text", "setting")
LOSSES = (LOSS, MSE, PERPLEXITY, PSEUDO_PERPLEXITY, BITS_PER_CHARACTER, BITS_PER_BYTE)
