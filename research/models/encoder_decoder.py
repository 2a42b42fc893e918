"""A source is read once; the decoder is then a causal model over the carry that reading leaves, as a language model after its prompt.

Symbols are numbered as research/data/pair_dataset.py has them: the target's first, the source's last, those of both in between.
Shapes: b batch, s source, t chunk of the target, d the decoder's width, v target symbols.
"""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key

from research.config.encoder_decoder import EncoderDecoderConfig as Config
from research.config.encoder_decoder import StackDecoder
from research.models import language_model, recurrent_decoder
from research.models.classifier import without_output
from research.models.encoders import ENCODERS, summary_width
from research.nn.initialisers import draw_bias, draw_weights


@struct.dataclass
class EncoderDecoderParams:
    encoder: Any
    decoder: Any
    output: Float[Array, "d v"] | tuple[()]  # () when tied
    output_bias: Float[Array, " v"]
    first_source: int = struct.field(pytree_node=False)  # the source's symbols are numbered from here on
    sources: int = struct.field(pytree_node=False)  # how many there are


def init(
    config: Config, key: Key[Array, ""], vocabulary: int, length: int, source: int, targets: int, first_source: int
) -> EncoderDecoderParams:
    """`length` and `source`: the longest target and source of training, where learned positions end; `targets`: symbols of the target."""
    key_encoder, key_decoder, key_output, key_bias = jax.random.split(key, 4)
    sources, width, shared = vocabulary - first_source, config.decoder.width, config.embeddings == "shared"
    encoder = ENCODERS[type(config.encoder)].init(config.encoder, key_encoder, sources, source)
    rows, decoder_config = vocabulary if shared else targets, config.decoder
    if isinstance(decoder_config, StackDecoder):
        decoder: Any = without_output(language_model.init(decoder_config, key_decoder, rows, length, config.encoder.memory))
    else:
        decoder = recurrent_decoder.init(decoder_config, key_decoder, rows, config.encoder.memory, summary_width(config.encoder))
    no_embedding: dict[str, Any] = {"embedding": ()}
    return EncoderDecoderParams(
        encoder=replace(encoder, **no_embedding) if shared else encoder,
        decoder=decoder,
        output=() if config.tie else draw_weights(decoder_config.init, key_output, (width, targets), width),
        output_bias=draw_bias(decoder_config.init, key_bias, targets),
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
) -> Any:
    """The decoder's carry after a source, padded anywhere. `capacity`: as of `language_model.empty`."""
    encoder: Any = params.encoder
    if config.embeddings == "shared":
        encoder = replace(encoder, embedding=params.decoder.embedding[params.first_source :])
    symbols = jnp.where(valid, source - params.first_source, 0)
    encoded = ENCODERS[type(config.encoder)].read(config.encoder, encoder, symbols, valid, key, params.sources)
    if isinstance(config.decoder, StackDecoder):
        return language_model.begin(config.decoder, params.decoder, encoded.memory, encoded.exists, capacity)
    return recurrent_decoder.begin(config.decoder, params.decoder, encoded.memory, encoded.exists, encoded.summary)


def hidden(
    config: Config,
    params: EncoderDecoderParams,
    carry: Any,
    tokens: Int[Array, "b t"],
    valid: Bool[Array, "b t"],
    key: Key[Array, ""] | None = None,
    observe: bool = False,
) -> tuple[Any, Float[Array, "b t d"], Any]:
    """What the output layer reads of a chunk of the target. Observed: `cross_weights` among others."""
    decoder = language_model if isinstance(config.decoder, StackDecoder) else recurrent_decoder
    return decoder.hidden(config.decoder, params.decoder, carry, tokens, valid, key, observe)


def output(config: Config, params: EncoderDecoderParams, precise: bool = True) -> tuple[Float[Array, "d v"], Float[Array, " v"]]:
    """Kernel and bias of the output layer; the kernel in the decoder's precision where it need not be `precise`, as in training."""
    targets = params.output_bias.shape[0]
    kernel: Any = params.decoder.embedding[:targets].T if config.tie else params.output
    precision = config.decoder.precision if isinstance(config.decoder, StackDecoder) and not precise else "float32"
    return language_model.kernel_in(precision, kernel), params.output_bias


def unstack(config: Config, params: EncoderDecoderParams, carry: Any) -> tuple[Config, EncoderDecoderParams, Any]:
    """The same model with the layers of a stack one by one (`language_model.unstack`)."""
    if not isinstance(config.decoder, StackDecoder):
        return config, params, carry
    decoder_config, decoder, carry = language_model.unstack_layers(config.decoder, params.decoder, carry)
    return config.model_copy(update={"decoder": decoder_config}), replace(params, decoder=decoder), carry


def rows(carry: Any, index: Int[Array, " n"]) -> Any:
    """The carry of the rows that `index` names."""
    if isinstance(carry, language_model.StackCarry):
        return language_model.rows(carry, index)
    return jax.tree.map(lambda leaf: leaf[index], carry)
