"""A score of one's own: q . k / width^power, so that power = 0.5 is the Transformer's and 0 the plain product."""

from typing import ClassVar, Literal

from research.config.mixer import ScoreConfig
from research.nn.score_functions import ScoreKind, dot_flops, key_as_wide
from research.plugin import register_score


class PowerScore(ScoreConfig):
    """Its words in TOML: model.mixer.score = { kind = "power", power = 0.25 }."""

    equal_widths: ClassVar[bool] = True  # a query needs as many numbers as a key
    kind: Literal["power"] = "power"
    power: float = 0.25


def no_parameters(config, key, heads, queries, keys, initialiser):
    return ()


def scale_queries(config, params, q):
    return q / q.shape[-1] ** config.power


def in_numpy(config, params, head, q, k):
    return float(q @ k / len(q) ** config.power)


register_score(
    PowerScore,
    ScoreKind(no_parameters, dot_flops, key_as_wide, float32=(), reference=in_numpy, queries=scale_queries),
)
