"""The words of a causal mixer: cells, convolution, linear attention, the gated delta rule, attention, with its scores and positions."""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from research.config.errors import IncompatibleConfig
from research.config.node import Fraction, Node, Positive, Rate


class ScaledInit(Node):
    """U(-1/sqrt(width), 1/sqrt(width)) for the recurrent matrix."""

    kind: Literal["uniform"] = "uniform"


class OrthogonalInit(Node):
    """`scale` times a random orthogonal matrix: every singular value of the recurrent matrix is `scale`."""

    kind: Literal["orthogonal"]
    scale: Rate = 1.0


RecurrentInit = Annotated[ScaledInit | OrthogonalInit, Field(discriminator="kind")]


Takes = Literal["position", "mask", "dropout"]


class MixerConfig(Node):
    """What every mixer states."""

    takes: ClassVar[frozenset[Takes]]  # the words of the model that act inside it: its position, causal mask, and dropout of attention

    @property
    def windowed(self) -> bool:
        """Whether, of what a mask would show it, it keeps the last inputs alone."""
        return False

    def positioned_width(self, width: int) -> int:
        """How many numbers of a model of this width a position inside it acts on at once."""
        return width

    def check(self, width: int) -> None:
        """Raises IncompatibleConfig where a model of this width cannot have it."""


class Elman(MixerConfig):
    """h_t = f(W x_t + U h_{t-1} + b) (Elman 1990)."""

    takes: ClassVar[frozenset[Takes]] = frozenset()
    kind: Literal["elman"]
    nonlinearity: Literal["tanh", "relu", "linear"] = "tanh"
    recurrent_init: RecurrentInit = ScaledInit()


class GRU(MixerConfig):
    """Cho et al. 2014, with the reset gate applied after the recurrent product, as cuDNN has it."""

    takes: ClassVar[frozenset[Takes]] = frozenset()
    kind: Literal["gru"]


class LSTM(MixerConfig):
    """Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000."""

    takes: ClassVar[frozenset[Takes]] = frozenset()
    kind: Literal["lstm"]
    forget_bias: float = 1.0  # Jozefowicz et al. 2015


RecurrentConfig = Elman | GRU | LSTM
Cell = Annotated[RecurrentConfig, Field(discriminator="kind")]


class ConvolutionConfig(MixerConfig):
    """Causal convolution over the last `window` inputs, then relu."""

    takes: ClassVar[frozenset[Takes]] = frozenset()
    kind: Literal["convolution"]
    window: Positive = 3


class Heads(Node):
    """Heads that are equal parts of the model's width, or have a width of their own."""

    heads: Positive = 4
    head_width: Positive | Literal["divided"] = "divided"  # of queries, keys and values

    def width_of_head(self, width: int) -> int:
        """In a model of this width."""
        return width // self.heads if self.head_width == "divided" else self.head_width

    def width_of_heads(self, width: int) -> int:
        """All side by side."""
        return self.heads * self.width_of_head(width)

    def divides(self, width: int) -> bool:
        """Whether the heads have a width in a model of this one."""
        return self.head_width != "divided" or width % self.heads == 0

    def nearest_number(self, width: int) -> int:
        """The number of heads nearest to this one that divides a width."""
        small = [h for h in range(1, math.isqrt(width) + 1) if width % h == 0]
        return min(sorted({*small, *(width // h for h in small)}), key=lambda h: abs(h - self.heads))


class ProjectedHeads(Heads):
    """Heads whose queries and keys may be parts of what they read."""

    projections: bool = True  # of queries and keys; values and output always have theirs

    @model_validator(mode="after")
    def _parts_are_divided(self) -> "ProjectedHeads":
        if not self.projections and self.head_width != "divided":
            raise ValueError(
                "without projections queries and keys are parts of what is read, so that heads have no width of their own: leave "
                "head_width out, or set projections = true"
            )
        return self


class HeadsConfig(MixerConfig, Heads):
    """A mixer with heads."""

    def check(self, width: int) -> None:
        """Raises IncompatibleConfig where the heads do not divide the width."""
        if not self.divides(width):
            nearest = self.nearest_number(width)
            raise IncompatibleConfig(f"{self.heads} heads do not divide the width {width}; the nearest number that does is {nearest}")


class LinearAttentionConfig(HeadsConfig):
    """Attention of a positive feature map, elu + 1, with its normaliser and without softmax (Katharopoulos et al. 2020)."""

    takes: ClassVar[frozenset[Takes]] = frozenset()
    kind: Literal["linear_attention"]


class GatedDeltaConfig(HeadsConfig):
    """The gated delta rule, without short convolutions, output gate and norm (Yang et al. 2024)."""

    takes: ClassVar[frozenset[Takes]] = frozenset()
    kind: Literal["gated_delta"]


class ScoreConfig(Node):
    """What every score states."""

    equal_widths: ClassVar[bool]  # whether a query and a key need as many numbers


class MlpScore(ScoreConfig):
    """v . tanh(W [q; k]): additive attention (Bahdanau et al. 2014, sec. A.1.2)."""

    equal_widths: ClassVar[bool] = False
    kind: Literal["mlp"]
    width: Positive | Literal["head"] = "head"  # of the hidden layer; by default the head's


class BilinearScore(ScoreConfig):
    """q W k ("general", Luong et al. 2015). With projections it adds no function over dot."""

    equal_widths: ClassVar[bool] = False
    kind: Literal["bilinear"]


class DotScore(ScoreConfig):
    """q . k (Luong et al. 2015)."""

    equal_widths: ClassVar[bool] = True
    kind: Literal["dot"]


class ScaledDotScore(ScoreConfig):
    """q . k / sqrt(width of a head) (Vaswani et al. 2017, sec. 3.2.1)."""

    equal_widths: ClassVar[bool] = True
    kind: Literal["scaled_dot"] = "scaled_dot"


class CosineScore(ScoreConfig):
    """tau q . k / (|q| |k|), tau learned for each head, initially sqrt(width of a head)."""

    equal_widths: ClassVar[bool] = True
    kind: Literal["cosine"]


Score = Annotated[MlpScore | BilinearScore | DotScore | ScaledDotScore | CosineScore, Field(discriminator="kind")]


class FullCache(Node):
    """Keeps every key and value; a request longer than its capacity is refused before it starts."""

    kind: Literal["full"] = "full"


class WindowCache(Node):
    """A query attends to itself and the `size - 1` inputs before it; only those are kept."""

    kind: Literal["window"]
    size: Positive


Cache = Annotated[FullCache | WindowCache, Field(discriminator="kind")]


class AttentionConfig(HeadsConfig, ProjectedHeads):
    """Masked multi-head attention = score x position x mask (Vaswani et al. 2017, sec. 3.2)."""

    takes: ClassVar[frozenset[Takes]] = frozenset({"position", "mask", "dropout"})
    kind: Literal["attention"] = "attention"
    score: Score = ScaledDotScore()
    cache: Cache = FullCache()

    @property
    def windowed(self) -> bool:
        """Whether its cache is a window."""
        return isinstance(self.cache, WindowCache)

    def positioned_width(self, width: int) -> int:
        """How many numbers a head's queries and keys have."""
        return self.width_of_head(width)


class CrossAttentionConfig(ProjectedHeads):
    """Every target position attends to the whole source (Vaswani et al. 2017, sec. 3.2.3)."""

    score: Score = ScaledDotScore()


Mixer = Annotated[
    RecurrentConfig | ConvolutionConfig | LinearAttentionConfig | GatedDeltaConfig | AttentionConfig, Field(discriminator="kind")
]


class Dropout(Node):
    """Probability that a number is set to zero in training, the rest scaled up (Srivastava et al. 2014)."""

    input: Fraction = 0.0  # the embeddings
    residual: Fraction = 0.0  # what a mixer or a feed-forward layer adds
    attention: Fraction = 0.0  # the attention weights
    between: Fraction = 0.0  # from one layer to the next: never the recurrence (Zaremba et al. 2014)
    output: Fraction = 0.0  # before the output layer
