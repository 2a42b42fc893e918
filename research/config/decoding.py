"""The words of decoding: greedy, sample, top_k, top_p, beam."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from research.config.node import Node, Positive, Rate, Weight

MOST_BEAMS = 1024
MOST_TEXTS = 10_000  # of one source


class DecoderConfig(Node):
    """What every decoder has."""

    strategy: ClassVar[Literal["greedy", "sampling", "search"]]

    @property
    def texts_per_source(self) -> int:
        """How many texts it writes of one source."""
        return 1

    @property
    def hypotheses(self) -> int:
        """How many texts of one source are under way at once."""
        return self.texts_per_source


class Greedy(DecoderConfig):
    """The likeliest symbol each time."""

    strategy: ClassVar[Literal["greedy"]] = "greedy"
    kind: Literal["greedy"] = "greedy"


class MultipleTexts(DecoderConfig):
    """Decoders that can write several texts of one source."""

    texts: Annotated[int, Field(ge=1, le=MOST_TEXTS)] = 1  # of a source: the first is scored, and from two on their diversity

    @property
    def texts_per_source(self) -> int:
        """As the config says."""
        return self.texts


class TemperatureSampling(MultipleTexts):
    """A symbol drawn from softmax(logits / temperature)."""

    strategy: ClassVar[Literal["sampling"]] = "sampling"
    kind: Literal["sample"]
    temperature: Rate = 1.0


class TopK(MultipleTexts):
    """Drawn from the k likeliest symbols, renormalised (Fan et al. 2018, sec. 3.2; its k)."""

    strategy: ClassVar[Literal["sampling"]] = "sampling"
    kind: Literal["top_k"]
    k: Positive = 10
    temperature: Rate = 1.0


class TopP(MultipleTexts):
    """Drawn from the nucleus, renormalised: the fewest likeliest symbols whose mass reaches p (Holtzman et al. 2020, sec. 3.1).

    The mass is that of softmax(logits / temperature).
    """

    strategy: ClassVar[Literal["sampling"]] = "sampling"
    kind: Literal["top_p"]
    p: Annotated[float, Field(gt=0.0, le=1.0)] = 0.95
    temperature: Rate = 1.0


class Beam(MultipleTexts):
    """Beam search by log-probability / ((5 + n) / 6)^length_penalty, n the symbols with the end (Wu et al. 2016, eq. 14)."""

    strategy: ClassVar[Literal["search"]] = "search"
    kind: Literal["beam"]
    size: Annotated[int, Field(ge=1, le=MOST_BEAMS)] = 4
    length_penalty: Weight = 0.6  # the size and the penalty of Vaswani et al. 2017, sec. 6.1

    @property
    def hypotheses(self) -> int:
        """Its beams."""
        return self.size

    @model_validator(mode="after")
    def _beams_suffice(self) -> "Beam":
        if self.texts > self.size:
            raise ValueError(f"texts = {self.texts} are more than the {self.size} that a search keeps: raise size, or lower texts")
        return self


StochasticDecoder = TemperatureSampling | TopK | TopP
Decoder = Annotated[Greedy | TemperatureSampling | TopK | TopP | Beam, Field(discriminator="kind")]
