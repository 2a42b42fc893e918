"""A source is read once; the decoder is then a causal model over the carry that reading leaves, as a language model after its prompt.

Symbols are numbered as research/data/pair_dataset.py has them: the target's first, the source's last, those of both in between.
Shapes: b batch, s source, t chunk of the target, d the decoder's width, v target symbols.
"""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from research.config.encoder_decoder import EncoderDecoderConfig as Config
from research.config.errors import StepladderError
from research.models.block import kernel_in
from research.models.decoders import DECODERS, DecoderKind
from research.models.encoders import ENCODERS, EncoderKind
from research.models.fields import Path
from research.models.stack import StackCarry, stack_rows
from research.nn.initialisers import draw_bias, draw_weights


@struct.dataclass
class EncoderDecoderParams:
    encoder: PyTree
    decoder: PyTree
    output: Float[Array, "d v"] | tuple[()]  # () when tied
    output_bias: Float[Array, " v"]
    first_source: int = struct.field(pytree_node=False)  # the source's symbols are numbered from here on
    sources: int = struct.field(pytree_node=False)  # how many there are


def source_encoder_kind(config: Config) -> EncoderKind:
    """The entry of its encoder."""
    return ENCODERS[type(config.encoder)]


def decoder_kind(config: Config) -> DecoderKind:
    """The entry of its decoder."""
    return DECODERS[type(config.decoder)]


def init(
    config: Config, key: Key[Array, ""], vocabulary: int, length: int, source: int, targets: int, first_source: int
) -> EncoderDecoderParams:
    """`length` and `source`: the longest target and source of training, where learned positions end; `targets`: symbols of the target."""
    key_encoder, key_decoder, key_output, key_bias = jax.random.split(key, 4)
    sources, width, shared = vocabulary - first_source, config.decoder.width, config.embeddings == "shared"
    kind, rows, initialiser = source_encoder_kind(config), vocabulary if shared else targets, config.decoder.init
    encoder, summary = kind.init(config.encoder, key_encoder, sources, source), kind.summary_width(config.encoder)
    no_embedding: dict[str, Any] = {"embedding": ()}
    return EncoderDecoderParams(
        encoder=replace(encoder, **no_embedding) if shared else encoder,
        decoder=decoder_kind(config).init(config.decoder, key_decoder, rows, length, config.encoder.memory, summary),
        output=() if config.tie else draw_weights(initialiser, key_output, (width, targets), width),
        output_bias=draw_bias(initialiser, key_bias, targets),
        first_source=first_source,
        sources=sources,
    )


def empty(config: Config, batch: int, capacity: int, vocabulary: int) -> tuple[()]:
    """Nothing: the carry begins with `read_source`."""
    return ()


def read_source(
    config: Config,
    params: EncoderDecoderParams,
    source: Int[Array, "b s"],
    valid: Bool[Array, "b s"],
    key: Key[Array, ""] | None = None,
    capacity: int = 0,
) -> PyTree:
    """The decoder's carry after a source, padded anywhere. `capacity`: as of `empty_stack`."""
    encoder = params.encoder
    if config.embeddings == "shared":
        encoder = replace(encoder, embedding=params.decoder.embedding[params.first_source :])
    symbols = jnp.where(valid, source - params.first_source, 0)
    encoded = source_encoder_kind(config).read(config.encoder, encoder, symbols, valid, key, params.sources)
    return decoder_kind(config).begin(config.decoder, params.decoder, encoded, capacity)


def hidden(
    config: Config,
    params: EncoderDecoderParams,
    carry: PyTree,
    tokens: Int[Array, "b t"],
    valid: Bool[Array, "b t"],
    key: Key[Array, ""] | None = None,
    observe: bool = False,
) -> tuple[PyTree, Float[Array, "b t d"], dict[str, Array] | tuple[dict[str, Array], ...]]:
    """What the output layer reads of a chunk of the target. Observed: `cross_weights` among others."""
    return decoder_kind(config).hidden(config.decoder, params.decoder, carry, tokens, valid, key, observe)


def output(config: Config, params: EncoderDecoderParams, precise: bool = True) -> tuple[Float[Array, "d v"], Float[Array, " v"]]:
    """Kernel and bias of the output layer; the kernel in the decoder's precision where it need not be `precise`, as in training."""
    targets = params.output_bias.shape[0]
    kernel: Any = params.decoder.embedding[:targets].T if config.tie else params.output
    return kernel if precise else kernel_in(config.decoder.precision, kernel), params.output_bias


def unstack(config: Config, params: EncoderDecoderParams, carry: PyTree) -> tuple[Config, EncoderDecoderParams, PyTree]:
    """The same model with the layers of a stack one by one (`stack.unstack_layers`)."""
    decoder_config, decoder, carry = decoder_kind(config).unstack(config.decoder, params.decoder, carry)
    return config.model_copy(update={"decoder": decoder_config}), replace(params, decoder=decoder), carry


def rows(carry: PyTree, index: Int[Array, " n"]) -> PyTree:
    """The carry of the rows that `index` names."""
    if isinstance(carry, StackCarry):
        return stack_rows(carry, index)
    return jax.tree.map(lambda leaf: leaf[index], carry)


def encoder_decoder_flops(
    config: Config, vocabulary: int, length: int, source: int, targets: int, first_source: int, *, scored: float
) -> float:
    """Forward, for one token of a source and its target: what is done once for a source is shared by both sides' tokens.

    Of a picture `source` counts pixels, of which a place has many. Every symbol of the target pays for the output layer.
    """
    encoder, decoder, memory = source_encoder_kind(config), decoder_kind(config), config.encoder.memory
    summary_flops = decoder.first_flops(config.decoder, encoder.summary_width(config.encoder))
    source_flops = source * encoder.flops(config.encoder, source) + summary_flops
    symbol_flops = decoder.flops(config.decoder, length, memory, encoder.places(config.encoder, source))
    target_flops = length * (symbol_flops + 2.0 * config.decoder.width * targets)
    return (source_flops + target_flops) / (source + length)


def encoder_decoder_time_steps(config: Config, length: int, source: int) -> int:
    """Steps of one pass that must follow each other, over `length` tokens of which the first `source` are the source's."""
    return source_encoder_kind(config).time_steps(config.encoder, source) + decoder_kind(config).time_steps(config.decoder, length - source)


def encoder_decoder_last_positions(config: Config, length: int, source: int) -> tuple[int | None, int | None]:
    """Where positions end that do not extrapolate: the encoder's and the decoder's."""
    last_source = source_encoder_kind(config).last_position(config.encoder, source)
    return last_source, decoder_kind(config).last_position(config.decoder, length - source)


def encoder_decoder_embedding_path(config: Config) -> Path:
    """Where the source's vectors lie. Raises StepladderError for an encoder of pictures."""
    if config.sees:
        raise StepladderError(
            f"model.encoder.kind = {config.encoder.kind} reads pictures, so there is no word whose vector it could begin with."
        )
    return ("decoder" if config.embeddings == "shared" else "encoder"), "embedding"


def first_source_symbol(config: Config, params: EncoderDecoderParams) -> int:
    """The symbol of the first row of that table."""
    return 0 if config.embeddings == "shared" else params.first_source


def outside_encoder_decoder_body(config: Config) -> tuple[Path, ...]:
    """What is not of its body."""
    encoder = tuple(("encoder", *path) for path in source_encoder_kind(config).outside)
    decoder = tuple(("decoder", *path) for path in decoder_kind(config).outside)
    return ("output",), ("output_bias",), *encoder, *decoder
