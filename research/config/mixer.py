"""The words of a causal mixer: elman, gru, lstm, convolution, attention, with its scores and positions."""

from typing import Annotated, Literal

from pydantic import Field

from research.config.node import Fraction, Node, Positive, Rate


class ScaledInit(Node):
    """U(-1/sqrt(width), 1/sqrt(width)) for the recurrent matrix."""

    kind: Literal["uniform"] = "uniform"


class OrthogonalInit(Node):
    """`scale` times a random orthogonal matrix: every singular value of the recurrent matrix is `scale`."""

    kind: Literal["orthogonal"]
    scale: Rate = 1.0


RecurrentInit = Annotated[ScaledInit | OrthogonalInit, Field(discriminator="kind")]


class Elman(Node):
    """h_t = f(W x_t + U h_{t-1} + b) (Elman 1990)."""

    kind: Literal["elman"]
    nonlinearity: Literal["tanh", "relu", "linear"] = "tanh"
    recurrent_init: RecurrentInit = ScaledInit()


class GRU(Node):
    """Cho et al. 2014, with the reset gate applied after the recurrent product, as cuDNN has it."""

    kind: Literal["gru"]


class LSTM(Node):
    """Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000."""

    kind: Literal["lstm"]
    forget_bias: float = 1.0  # Jozefowicz et al. 2015


class ConvolutionConfig(Node):
    """Causal convolution over the last `window` inputs, then relu."""

    kind: Literal["convolution"]
    window: Positive = 3


class MlpScore(Node):
    """v . tanh(W [q; k]): additive attention (Bahdanau et al. 2014, sec. A.1.2)."""

    kind: Literal["mlp"]
    width: Positive | Literal["head"] = "head"  # of the hidden layer; by default the head's


class BilinearScore(Node):
    """q W k ("general", Luong et al. 2015). With projections it adds no function over dot."""

    kind: Literal["bilinear"]


class DotScore(Node):
    """q . k (Luong et al. 2015)."""

    kind: Literal["dot"]


class ScaledDotScore(Node):
    """q . k / sqrt(width of a head) (Vaswani et al. 2017, sec. 3.2.1)."""

    kind: Literal["scaled_dot"] = "scaled_dot"


class CosineScore(Node):
    """tau q . k / (|q| |k|), tau learned for each head, initially sqrt(width of a head)."""

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


class AttentionConfig(Node):
    """Masked multi-head attention = score x position x mask (Vaswani et al. 2017, sec. 3.2)."""

    kind: Literal["attention"] = "attention"
    heads: Positive = 4
    score: Score = ScaledDotScore()
    projections: bool = True  # of queries and keys; values and output always have theirs
    cache: Cache = FullCache()


Mixer = Annotated[Elman | GRU | LSTM | ConvolutionConfig | AttentionConfig, Field(discriminator="kind")]


class NoPosition(Node):
    """Order enters through the mixer and the causal mask alone (Haviv et al. 2022)."""

    kind: Literal["none"] = "none"


class Learned(Node):
    """A learned vector for each position up to the training length; cannot go beyond it."""

    kind: Literal["learned"]


class Sinusoidal(Node):
    """Vaswani et al. 2017, sec. 3.5."""

    kind: Literal["sinusoidal"]
    base: Rate = 10_000.0


class Rotary(Node):
    """Queries and keys turned by their position (Su et al. 2021)."""

    kind: Literal["rotary"]
    base: Rate = 10_000.0


class Alibi(Node):
    """A penalty linear in distance, a slope for each head (Press et al. 2021)."""

    kind: Literal["alibi"]


class T5(Node):
    """A learned bias for each head and bucket of distance (Raffel et al. 2020); a table for each layer."""

    kind: Literal["t5"]
    buckets: Annotated[int, Field(ge=2)] = 32
    max_distance: Annotated[int, Field(ge=2)] = 128


Position = Annotated[NoPosition | Learned | Sinusoidal | Rotary | Alibi | T5, Field(discriminator="kind")]


class Dropout(Node):
    """Probability that a number is set to zero in training, the rest scaled up (Srivastava et al. 2014)."""

    input: Fraction = 0.0  # the embeddings
    residual: Fraction = 0.0  # what a mixer or a feed-forward layer adds
    attention: Fraction = 0.0  # the attention weights
    between: Fraction = 0.0  # from one layer to the next: never the recurrence (Zaremba et al. 2014)
    output: Fraction = 0.0  # before the output layer
