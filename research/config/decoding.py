"""The words of decoding: greedy, sample, top_k, top_p, beam."""

from typing import Annotated, Literal

from pydantic import Field

from research.config.node import Node, Positive, Rate, Weight


class Greedy(Node):
    """The likeliest symbol each time."""

    kind: Literal["greedy"] = "greedy"


class Sample(Node):
    """A symbol drawn from softmax(logits / temperature)."""

    kind: Literal["sample"]
    temperature: Rate = 1.0


class TopK(Node):
    """Drawn from the k likeliest symbols, renormalised (Fan et al. 2018, sec. 3.2; its k)."""

    kind: Literal["top_k"]
    k: Positive = 10
    temperature: Rate = 1.0


class TopP(Node):
    """Drawn from the nucleus, renormalised: the fewest likeliest symbols whose mass reaches p (Holtzman et al. 2020, sec. 3.1).

    The mass is that of softmax(logits / temperature).
    """

    kind: Literal["top_p"]
    p: Annotated[float, Field(gt=0.0, le=1.0)] = 0.95
    temperature: Rate = 1.0


class Beam(Node):
    """Beam search by log-probability / ((5 + n) / 6)^length_penalty, n the symbols with the end (Wu et al. 2016, eq. 14)."""

    kind: Literal["beam"]
    size: Positive = 4
    length_penalty: Weight = 0.6  # the size and the penalty of Vaswani et al. 2017, sec. 6.1


Chance = Sample | TopK | TopP
Decoder = Annotated[Greedy | Sample | TopK | TopP | Beam, Field(discriminator="kind")]
