"""The words of [model]: a stack of mixers, a fixed-window network, counted n-grams, and mixtures of two of them."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from research.config.errors import IncompatibleConfig
from research.config.mixer import AttentionConfig, Dropout, Mixer, MixerConfig, Takes
from research.config.node import Layers, Node, Positive, Rate, as_tuple
from research.config.position import NoPosition, Position


class PlacedNorm(Node):
    """What every normalisation has: `pre` is inside the residual branch, `post` after the addition (Xiong et al. 2020)."""

    placement: Literal["pre", "post"] = "pre"


class LayerNorm(PlacedNorm):
    """Ba et al. 2016."""

    kind: Literal["layer"] = "layer"


class RMSNorm(PlacedNorm):
    """Zhang & Sennrich 2019."""

    kind: Literal["rms"]


class NoNorm(Node):
    """No normalisation."""

    placement: ClassVar[Literal["none"]] = "none"
    kind: Literal["none"]


Norm = Annotated[LayerNorm | RMSNorm | NoNorm, Field(discriminator="kind")]


class FeedForward(Node):
    """A two-layer network at each position; swiglu has a third matrix as its gate (Shazeer 2020)."""

    kind: Literal["gelu", "relu", "silu", "swiglu"] = "gelu"
    width: Positive | Literal["4x"] = "4x"  # as many weights as at four times the model's width without a gate: swiglu's is 8/3 of it

    def hidden(self, width: int) -> int:
        """How wide the hidden layer is in a model of this width; with a third matrix two thirds (Shazeer 2020, sec. 3.1)."""
        if self.width != "4x":
            return self.width
        return round(8 * width / 3) if self.kind == "swiglu" else 4 * width


class NoFeedForward(Node):
    """The mixer alone."""

    kind: Literal["none"]


FeedForwardKind = Annotated[FeedForward | NoFeedForward, Field(discriminator="kind")]


class VarianceInit(Node):
    """LeCun normal for matrices, normal of deviation 1/sqrt(width) for embeddings; times `scale`."""

    kind: Literal["variance"] = "variance"
    scale: Rate = 1.0


class UniformInit(Node):
    """U(-scale, scale) for every matrix and bias (Zaremba et al. 2014)."""

    kind: Literal["uniform"]
    scale: Rate = 0.1


class NormalInit(Node):
    """N(0, scale^2) for matrices and embeddings, zero for biases (GPT-2).

    As there, what writes into the residual stream (an attention's last product and a feed-forward layer's) is drawn smaller, by the root
    of how many such branches the stack has, 2 a layer (Radford et al. 2019, sec. 2.3).
    """

    kind: Literal["normal"]
    scale: Rate = 0.02


Initialiser = Annotated[VarianceInit | UniformInit | NormalInit, Field(discriminator="kind")]


class StackConfig(Node):
    """Embedding + position, `layers` blocks of norm + mixer + residual + feed-forward: the words of every stack."""

    kind: str
    layers: Layers = 2
    width: Positive = 128
    embedding_scale: Rate | Literal["sqrt_width"] = 1.0  # of words beside positions; sqrt_width: Vaswani et al. 2017, sec. 3.4
    position: Position = NoPosition()
    mixer: Annotated[Mixer | tuple[Mixer, ...], BeforeValidator(as_tuple)] = AttentionConfig()
    norm: Norm = LayerNorm()
    residual: bool = True
    feed_forward: FeedForwardKind = FeedForward()
    dropout: Dropout = Dropout()
    init: Initialiser = VarianceInit()
    embedding_init: Initialiser | None = None  # of the embedding alone; by default as `init`
    precision: Literal["float32", "mixed"] = "float32"  # mixed: products are of bfloat16, summed in float32, and all else is float32
    rematerialise: Literal["nothing", "products", "layers"] = "nothing"  # made again in the backward pass: all but products, all of layers

    @property
    def pattern(self) -> tuple[MixerConfig, ...]:
        """The mixers of one period of the stack."""
        return self.mixer if isinstance(self.mixer, tuple) else (self.mixer,)

    @property
    def positions_end(self) -> bool:
        """Whether it has positions up to the training length alone."""
        return not self.position.extrapolates

    def mixers_taking(self, word: Takes) -> list[MixerConfig]:
        """The mixers of one period inside which this word of the model acts."""
        return [mixer for mixer in self.pattern if word in mixer.takes]

    @model_validator(mode="after")
    def _parts_fit(self) -> "StackConfig":
        pattern, positioned = self.pattern, self.mixers_taking("position")
        if not pattern or self.layers % len(pattern):
            raise IncompatibleConfig(f"a pattern of {len(pattern)} mixers does not divide {self.layers} layers")
        for mixer in pattern:
            mixer.check(self.width)
        if self.position.needs_attention and not positioned:
            raise IncompatibleConfig(
                f"position {self.position.kind} acts inside attention, and this model has none; use none, learned or sinusoidal"
            )
        for mixer in positioned:
            self.position.check(mixer.positioned_width(self.width))
        if self.norm.placement == "post" and not self.residual:
            raise ValueError("norm placement post normalises a residual sum: set residual = true or placement = pre")
        if self.dropout.attention and not self.mixers_taking("dropout"):
            raise ValueError("dropout.attention needs an attention mixer")
        if self.dropout.between and self.layers == 1:
            raise ValueError("dropout.between acts from one layer to the next: it needs two layers")
        return self

    def may_carry(self) -> bool:
        """Whether chunks of training may hand their state on (the position table of the design)."""
        windowed = all(mixer.windowed for mixer in self.mixers_taking("mask"))
        return windowed and self.position.acts_on != "input"


class LanguageModelConfig(StackConfig):
    """A causal stack with a tied or free output layer."""

    kind: Literal["language_model"]
    tie: bool = False  # the output layer is the embedding, transposed (Press & Wolf 2017)


class FeedForwardLMConfig(Node):
    """Bengio et al. 2003: the embeddings of the last `context` tokens, concatenated; tanh; softmax."""

    kind: Literal["feed_forward_lm"]
    context: Positive = 4
    width: Positive = 64  # of an embedding
    hidden: Positive = 128
    direct: bool = False  # connections from the embeddings to the output
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0  # of the hidden layer
    init: Initialiser = VarianceInit()
    embedding_init: Initialiser | None = None  # of the embedding alone; by default as `init`


class MaximumLikelihood(Node):
    """Relative frequencies. An unseen n-gram has probability zero, and the perplexity is infinite."""

    kind: Literal["maximum_likelihood"]


class AddK(Node):
    """(count + k) / (context count + k V)."""

    kind: Literal["add_k"]
    k: Rate = 1.0


class KneserNey(Node):
    """Interpolated modified Kneser-Ney: three discounts an order, no cut-off (Chen & Goodman 1999)."""

    kind: Literal["kneser_ney"] = "kneser_ney"


Smoothing = Annotated[MaximumLikelihood | AddK | KneserNey, Field(discriminator="kind")]


class NGram(Node):
    """Counts of n-grams inside sentences; order 1 is the unigram."""

    kind: Literal["ngram"]
    order: Annotated[int, Field(ge=1, le=9)] = 5
    smoothing: Smoothing = KneserNey()


SingleModel = Annotated[LanguageModelConfig | FeedForwardLMConfig | NGram, Field(discriminator="kind")]


class Interpolation(Node):
    """w p1 + (1 - w) p2 for each token, w chosen on validation; each part is a cell of its own with the same data.

    A part is a model, trained as the whole says, or the name of a row of the same sweep (of a tuned row its chosen trial), or a cell_id.
    """

    kind: Literal["interpolation"]
    parts: Annotated[tuple[SingleModel | str, SingleModel | str], BeforeValidator(as_tuple)]
