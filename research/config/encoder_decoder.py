"""The words of a model that reads one sequence and writes another: an encoder, what the decoder looks at, and a decoder."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from research.config.errors import IncompatibleConfig
from research.config.mixer import LSTM, Cell, CrossAttentionConfig, MlpScore, ScaledDotScore, Score
from research.config.model import Initialiser, StackConfig, VarianceInit
from research.config.node import Fraction, Layers, Node, Positive


class RecurrentEncoder(Node):
    """Layers of a recurrent cell over the source; the states of both directions lie side by side (Bahdanau et al. 2014, sec. 3.2)."""

    kind: Literal["recurrent"] = "recurrent"
    cell: Cell = LSTM(kind="lstm")
    layers: Layers = 1
    width: Positive = 64  # of a direction
    bidirectional: bool = True
    dropout: Fraction = 0.0  # of the embeddings, and between layers
    init: Initialiser = VarianceInit()

    @property
    def memory(self) -> int:
        """How wide is what the decoder looks at."""
        return self.width * (2 if self.bidirectional else 1)


class StackEncoderConfig(StackConfig):
    """Blocks of mixer and feed-forward layer over the source; attention is unmasked (Vaswani et al. 2017, sec. 3.1)."""

    kind: Literal["stack"]

    @property
    def memory(self) -> int:
        """How wide is what the decoder looks at."""
        return self.width

    @model_validator(mode="after")
    def _source_is_read_whole(self) -> "StackEncoderConfig":
        attentions = self.mixers_taking("mask")
        if any(mixer.windowed for mixer in attentions):
            raise ValueError("a window is the memory of a language model; an encoder reads the whole source: use cache = full")
        if attentions and self.position.backward_only:
            raise IncompatibleConfig(
                f"position {self.position.kind} counts backwards alone, and an encoder looks both ways: use another position"
            )
        return self


class Patches(Node):
    """Squares of a picture, each projected, plus a learned vector for its place (Dosovitskiy et al. 2021, sec. 3.1)."""

    kind: Literal["patches"]
    size: Positive = 6  # pixels of a side
    width: Positive = 64
    init: Initialiser = VarianceInit()

    @property
    def memory(self) -> int:
        """How wide is what the decoder looks at."""
        return self.width


class Convolutions(Node):
    """Convolutions of 3 x 3 pixels, each halving the picture, relu, plus a learned vector for each place that is left."""

    kind: Literal["convolutions"]
    layers: Layers = 2
    width: Positive = 64
    init: Initialiser = VarianceInit()

    @property
    def memory(self) -> int:
        """How wide is what the decoder looks at."""
        return self.width


SourceEncoder = Annotated[RecurrentEncoder | StackEncoderConfig | Patches | Convolutions, Field(discriminator="kind")]


class GlobalAttentionConfig(Node):
    """What every attention of a recurrent decoder states."""

    before_cell: ClassVar[bool]  # whether what the state before sees goes into the cell

    def width_of_head(self, width: int) -> int:
        """Of the one that it has: the decoder's width."""
        return width


class NoAttention(GlobalAttentionConfig):
    """The decoder knows of the source what its first state holds (Sutskever et al. 2014)."""

    before_cell: ClassVar[bool] = False
    score: ClassVar[None] = None
    input_feeding: ClassVar[bool] = False
    kind: Literal["none"]


class Bahdanau(GlobalAttentionConfig):
    """The state before the cell looks at the source, and what it sees goes into the cell (Bahdanau et al. 2014, sec. 3.1)."""

    before_cell: ClassVar[bool] = True
    input_feeding: ClassVar[bool] = False
    kind: Literal["bahdanau"]
    score: Score = MlpScore(kind="mlp")  # additive, as in the paper


class Luong(GlobalAttentionConfig):
    """The state after the cell looks at the source (Luong et al. 2015, sec. 3.1)."""

    before_cell: ClassVar[bool] = False
    kind: Literal["luong"] = "luong"
    score: Score = ScaledDotScore()
    input_feeding: bool = False  # what was predicted from goes into the next cell (sec. 3.3)


GlobalAttention = Annotated[NoAttention | Bahdanau | Luong, Field(discriminator="kind")]


class RecurrentDecoderConfig(Node):
    """Layers of a recurrent cell whose first state is made of the encoder's last; it looks at the source without projections."""

    precision: ClassVar[Literal["float32"]] = "float32"
    kind: Literal["recurrent"] = "recurrent"
    cell: Cell = LSTM(kind="lstm")
    layers: Layers = 1
    width: Positive = 128
    attention: GlobalAttention = Luong()
    dropout: Fraction = 0.0  # of the embeddings, between layers, and before the output layer
    init: Initialiser = VarianceInit()


class StackDecoder(StackConfig):
    """A causal stack with cross-attention in every block, between the mixer and the feed-forward layer."""

    kind: Literal["stack"]
    cross: CrossAttentionConfig = CrossAttentionConfig()
    masked: bool = True  # an attention sees what came before alone; without, training sees what it is to predict

    @model_validator(mode="after")
    def _cross_fits(self) -> "StackDecoder":
        if not self.cross.divides(self.width):
            nearest = self.cross.nearest_number(self.width)
            raise IncompatibleConfig(
                f"decoder.cross.heads = {self.cross.heads} do not divide decoder.width = {self.width}; the nearest is {nearest}"
            )
        return self

    @model_validator(mode="after")
    def _mask_fits(self) -> "StackDecoder":
        attentions = self.mixers_taking("mask")
        if self.masked:
            return self
        if not attentions:
            raise ValueError("masked is a word of attention, and this decoder's mixers have none; leave it out")
        if any(mixer.windowed for mixer in attentions):
            raise ValueError("a window looks back alone, masked or not: use cache = full, or leave masked out")
        if self.position.backward_only:
            raise IncompatibleConfig(f"position {self.position.kind} counts backwards alone: leave masked out, or use another position")
        return self


TargetDecoder = Annotated[RecurrentDecoderConfig | StackDecoder, Field(discriminator="kind")]


class EncoderDecoderConfig(Node):
    """An encoder reads the source once; a decoder writes the target, one symbol after another."""

    kind: Literal["encoder_decoder"]
    encoder: SourceEncoder = RecurrentEncoder()
    decoder: TargetDecoder = RecurrentDecoderConfig()
    embeddings: Literal["separate", "shared"] = "separate"  # shared: one table for source and target, drawn as the decoder's
    tie: bool = False  # the output layer is the decoder's embedding, transposed (Press & Wolf 2017)

    @property
    def sees(self) -> bool:
        """Whether the encoder reads a picture, of which every number is a pixel's grey level."""
        return isinstance(self.encoder, Patches | Convolutions)

    @model_validator(mode="after")
    def _parts_fit(self) -> "EncoderDecoderConfig":
        decoder, memory = self.decoder, self.encoder.memory
        if self.embeddings == "shared" and self.sees:
            raise ValueError("embeddings = shared needs two sides of symbols, and a picture has none: leave it out")
        if self.embeddings == "shared" and isinstance(self.encoder, StackEncoderConfig) and self.encoder.embedding_init is not None:
            raise ValueError("encoder.embedding_init draws nothing where embeddings = shared: the table is the decoder's; set it there")
        if self.embeddings == "shared" and self.encoder.width != decoder.width:
            raise IncompatibleConfig(
                f"embeddings = shared needs encoder.width = decoder.width; they are {self.encoder.width} and {decoder.width}"
            )
        if isinstance(decoder, StackDecoder):
            if not decoder.cross.projections and memory != decoder.width:
                raise IncompatibleConfig(
                    f"cross.projections = false compares vectors of {decoder.width} and {memory} numbers: make them equal"
                )
            return self
        score = decoder.attention.score
        if score and score.equal_widths and memory != decoder.width:
            half = f", so encoder.width = {decoder.width // 2}" if memory == 2 * self.encoder.width else ""
            raise IncompatibleConfig(
                f"score {score.kind} is a product of two vectors of equal width, and the decoder's have {decoder.width} numbers, what it "
                f"looks at {memory}: make them equal{half}, or use score mlp or bilinear"
            )
        return self
