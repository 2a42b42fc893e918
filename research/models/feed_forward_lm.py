"""The neural probabilistic language model (Bengio et al. 2003): the embeddings of the last n tokens, concatenated; tanh; softmax.

The carry is the last n tokens of each row that existed; before the first stands a symbol of its own, numbered as the vocabulary's size.
Shapes: b batch, t chunk, n context, d width of an embedding, v vocabulary.
"""

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key

from research.config.model import FeedForwardLMConfig as Config
from research.models.fields import Path
from research.nn.dropout import dropout
from research.nn.embedding import lookup
from research.nn.initialisers import draw_bias, draw_embedding, draw_weights
from research.nn.linear import dense
from research.nn.padding import scatter_valid, valid_first_order
from research.nn.pooling import mean_vector


@struct.dataclass
class FeedForwardLMParams:
    embedding: Float[Array, "v+1 d"]
    hidden: Float[Array, "n*d h"]
    hidden_bias: Float[Array, " h"]
    direct: Float[Array, "n*d v"] | tuple[()]
    output: Float[Array, "h v"]
    output_bias: Float[Array, " v"]


def init(config: Config, key: Key[Array, ""], vocabulary: int, length: int) -> FeedForwardLMParams:
    """`length` means nothing here: the context is fixed."""
    keys = jax.random.split(key, 6)
    window = config.context * config.width
    return FeedForwardLMParams(
        embedding=draw_embedding(config.init, config.embedding_init, keys[0], vocabulary + 1, config.width),
        hidden=draw_weights(config.init, keys[1], (window, config.hidden), window),
        hidden_bias=draw_bias(config.init, keys[2], config.hidden),
        direct=draw_weights(config.init, keys[3], (window, vocabulary), window) if config.direct else (),
        output=draw_weights(config.init, keys[4], (config.hidden, vocabulary), config.hidden),
        output_bias=draw_bias(config.init, keys[5], vocabulary),
    )


def empty(config: Config, batch: int, capacity: int, vocabulary: int) -> Int[Array, "b n"]:
    """Nothing seen: `capacity` means nothing here."""
    return jnp.full((batch, config.context), vocabulary, jnp.int32)


def hidden(
    config: Config,
    params: FeedForwardLMParams,
    carry: Int[Array, "b n"],
    tokens: Int[Array, "b t"],
    valid: Bool[Array, "b t"],
    key: Key[Array, ""] | None = None,
    observe: bool = False,
) -> tuple[Int[Array, "b n"], Float[Array, "b t w"], dict[str, Array] | tuple[()]]:
    """The window's embeddings and, behind them, the hidden layer: both are read by the output layer where there are direct connections."""
    order, t, n = valid_first_order(valid), tokens.shape[1], config.context
    history = jnp.concatenate([carry, jnp.take_along_axis(tokens, order.source, axis=1)], axis=1)
    embedded = lookup(params.embedding, history)
    windows = jnp.concatenate([embedded[:, i + 1 : i + 1 + t] for i in range(n)], axis=-1)
    h = dropout(key, config.dropout, jnp.tanh(dense(windows, params.hidden, params.hidden_bias)))
    h = scatter_valid(order, jnp.concatenate([windows, h], axis=-1) if config.direct else h)
    last = order.count[:, None] + jnp.arange(n)[None]
    return jnp.take_along_axis(history, last, axis=1), h, {"hidden": h} if observe else ()


def output(config: Config, params: FeedForwardLMParams, precise: bool = True) -> tuple[Float[Array, "w v"], Float[Array, " v"]]:
    """Kernel and bias of the output layer, always in float32; direct connections are its first rows."""
    direct = () if isinstance(params.direct, tuple) else (params.direct,)
    return jnp.concatenate([*direct, params.output]), params.output_bias


def feed_forward_lm_flops(config: Config, vocabulary: int, length: int, *, scored: float) -> float:
    """Forward, for one token; `scored`: the share of tokens that pay for the output layer."""
    window = config.context * config.width
    return 2.0 * (window * config.hidden + scored * vocabulary * (config.hidden + (window if config.direct else 0)))


def feed_forward_lm_time_steps(config: Config, length: int, source: int) -> int:
    """Nothing waits for what came before."""
    return 0


def feed_forward_lm_last_positions(config: Config, length: int, source: int) -> tuple[None, None]:
    """It has no positions."""
    return None, None


def feed_forward_lm_embedding_path(config: Config) -> Path:
    """Where the symbols' vectors lie."""
    return ("embedding",)


def outside_feed_forward_lm_body(config: Config) -> tuple[Path, ...]:
    """What is not of its body."""
    return ("output",), ("output_bias",), ("embedding",), ("direct",)


def feed_forward_lm_layer_names(config: Config) -> tuple[str, ...]:
    """The one layer."""
    return ("hidden",)


def feed_forward_lm_word_layers(config: Config, params: FeedForwardLMParams, tokens: Array, valid: Array) -> tuple[Array, ...]:
    """The hidden layer's vectors."""
    carry = empty(config, tokens.shape[0], 0, params.output_bias.shape[0])
    return (dict(hidden(config, params, carry, tokens, valid, None, True)[2])["hidden"],)


def feed_forward_lm_layer_vectors(
    config: Config, params: FeedForwardLMParams, tokens: Array, valid: Array, pooled: Array
) -> tuple[Array, ...]:
    """The mean of the hidden layer's vectors."""
    return (mean_vector(feed_forward_lm_word_layers(config, params, tokens, valid)[0], pooled),)
