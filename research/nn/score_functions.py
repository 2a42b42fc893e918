"""How well a query matches a key: mlp, bilinear, dot, scaled_dot, cosine.

Queries and keys are prepared apart, so that keys to which many chunks attend are prepared once. Every score but mlp is then a dot product,
so that they share one quick attention.
Shapes: b batch, h heads, t queries, s keys, k head width, m hidden width of mlp; q the width of a query where it may be another.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jax import lax
from jaxtyping import Array, Float, PyTree

from research.config.mixer import BilinearScore, CosineScore, DotScore, MlpScore, ScaledDotScore, ScoreConfig
from research.config.model import Initialiser
from research.nn.initialisers import LECUN, Key, draw_weights

MLP_LIMIT = 2**24  # numbers (64 MiB): a larger hidden layer of mlp is computed in blocks of keys
EPSILON = 1e-12  # added to a squared length, so that the direction of the zero vector is zero with a finite gradient


@struct.dataclass
class MlpScoreParams:
    """v . tanh(W_q q + W_k k) for each head."""

    query_kernel: Float[Array, "h q m"]
    key_kernel: Float[Array, "h k m"]
    v: Float[Array, "h m"]


def init_mlp(config: MlpScore, key: Key, heads: int, queries: int, keys: int, initialiser: Initialiser) -> MlpScoreParams:
    """Fan-in of the hidden layer is the width of [q; k]."""
    hidden = mlp_width(config, queries)
    key_q, key_k, key_v = jax.random.split(key, 3)
    query_kernel, key_kernel = (
        draw_weights(initialiser, key, (heads, width, hidden), queries + keys) for key, width in ((key_q, queries), (key_k, keys))
    )
    return MlpScoreParams(query_kernel, key_kernel, draw_weights(initialiser, key_v, (heads, hidden), hidden))


def mlp_blocks(batch: int, heads: int, queries: int, keys: int, hidden: int) -> int:
    """In how many blocks of keys the mlp score is computed: the least that keeps a block's hidden layer within MLP_LIMIT numbers."""
    return min(keys, math.ceil(keys / max(1, MLP_LIMIT // (batch * heads * queries * hidden))))


def mlp_queries(config: MlpScore, params: MlpScoreParams, q: Float[Array, "b h t q"]) -> Float[Array, "b h t m"]:
    """W_q q."""
    return _by_head(q, params.query_kernel)


def mlp_keys(config: MlpScore, params: MlpScoreParams, k: Float[Array, "b h s k"]) -> Float[Array, "b h s m"]:
    """W_k k."""
    return _by_head(k, params.key_kernel)


def _by_head(x: Float[Array, "b h t i"], kernel: Float[Array, "h i o"]) -> Float[Array, "b h t o"]:
    return jnp.einsum("bhti,hio->bhto", x.astype(kernel.dtype), kernel, preferred_element_type=jnp.float32)


def mlp(config: MlpScore, params: MlpScoreParams, q: Float[Array, "b h t m"], k: Float[Array, "b h s m"]) -> Float[Array, "b h t s"]:
    """Additive attention (Bahdanau et al. 2014, sec. A.1.2). The hidden layer is computed again in the backward pass, not kept."""

    @jax.checkpoint
    def logits(k: Float[Array, "b h s m"]) -> Float[Array, "b h t s"]:
        hidden = jnp.tanh(q.astype(jnp.float32)[:, :, :, None] + k.astype(jnp.float32)[:, :, None])
        return (hidden * params.v[None, :, None, None]).sum(axis=-1)

    (b, h, t, m), s = q.shape, k.shape[2]
    blocks = mlp_blocks(b, h, t, s, m)
    if blocks == 1:
        whole: Array = logits(k)
        return whole
    block = math.ceil(s / blocks)
    k = jnp.pad(k, ((0, 0), (0, 0), (0, blocks * block - s), (0, 0))).reshape(b, h, blocks, block, m)
    out = lax.map(logits, jnp.moveaxis(k, 2, 0))
    return jnp.moveaxis(out, 0, 3).reshape(b, h, t, blocks * block)[..., :s]


Prepared = tuple[Float[Array, "b h t m"], Float[Array, "b h s m"]]


def bilinear_queries(config: BilinearScore, params: Float[Array, "h q k"], q: Float[Array, "b h t q"]) -> Float[Array, "b h t k"]:
    """Of q W k: q W, W for each head (Luong et al. 2015)."""
    return _by_head(q, params)


def scaled_queries(config: ScaledDotScore, params: tuple[()], q: Float[Array, "b h t k"]) -> Float[Array, "b h t k"]:
    """Of q . k / sqrt(head width) (Vaswani et al. 2017, sec. 3.2.1)."""
    return q / math.sqrt(q.shape[-1])


def cosine_queries(config: CosineScore, params: Float[Array, " h"], q: Float[Array, "b h t k"]) -> Float[Array, "b h t k"]:
    """Of temperature_h q . k / (|q| |k|)."""
    return _direction(q) * params[None, :, None, None]


def cosine_keys(config: CosineScore, params: Float[Array, " h"], k: Float[Array, "b h s k"]) -> Float[Array, "b h s k"]:
    """k / |k|."""
    return _direction(k)


def _direction(x: Float[Array, "*n k"]) -> Float[Array, "*n k"]:
    return x * lax.rsqrt(jnp.square(x).sum(axis=-1, keepdims=True) + EPSILON)


def init_bilinear(config: BilinearScore, key: Key, heads: int, queries: int, keys: int, initialiser: Initialiser) -> Float[Array, "h q k"]:
    """W for each head."""
    return draw_weights(initialiser, key, (heads, queries, keys), keys)


def init_cosine(config: CosineScore, key: Key, heads: int, queries: int, keys: int, initialiser: Initialiser) -> Float[Array, " h"]:
    """The temperature of each head."""
    return jnp.full(heads, math.sqrt(queries))


def _no_parameters(config: ScoreConfig, key: Key, heads: int, queries: int, keys: int, initialiser: Initialiser) -> tuple[()]:
    return ()


def mlp_width(config: MlpScore, queries: int) -> int:
    """Of the hidden layer."""
    return queries if config.width == "head" else config.width


def mlp_flops(config: MlpScore, queries: int, keys: int, places: int, prepared: float) -> float:
    """Both projections, and v . of the hidden layer for each place."""
    return 2.0 * mlp_width(config, queries) * (queries + places + prepared * keys)


def bilinear_flops(config: BilinearScore, queries: int, keys: int, places: int, prepared: float) -> float:
    """q W, and a product for each place."""
    return 2.0 * queries * keys + 2.0 * places * keys


def dot_flops(config: ScoreConfig, queries: int, keys: int, places: int, prepared: float) -> float:
    """A product for each place."""
    return 2.0 * places * keys


def key_as_wide(config: ScoreConfig, queries: int, keys: int) -> int:
    """A prepared key is as wide as it was."""
    return keys


def mlp_key_width(config: MlpScore, queries: int, keys: int) -> int:
    """A prepared key is as wide as the hidden layer."""
    return mlp_width(config, queries)


def mlp_in_numpy(config: MlpScore, params: MlpScoreParams, head: int, q: np.ndarray, k: np.ndarray) -> float:
    """v . tanh(W [q; k])."""
    kernel = np.concatenate([params.query_kernel[head], params.key_kernel[head]])
    return float(params.v[head] @ np.tanh(np.concatenate([q, k]) @ kernel))


def bilinear_in_numpy(config: BilinearScore, params: np.ndarray, head: int, q: np.ndarray, k: np.ndarray) -> float:
    """q W k."""
    return float(q @ params[head] @ k)


def dot_in_numpy(config: DotScore, params: tuple[()], head: int, q: np.ndarray, k: np.ndarray) -> float:
    """q . k."""
    return float(q @ k)


def scaled_in_numpy(config: ScaledDotScore, params: tuple[()], head: int, q: np.ndarray, k: np.ndarray) -> float:
    """q . k / sqrt(head width)."""
    return float(q @ k / np.sqrt(len(q)))


def cosine_in_numpy(config: CosineScore, params: np.ndarray, head: int, q: np.ndarray, k: np.ndarray) -> float:
    """temperature q . k / (|q| |k|)."""
    return float(params[head] * (q @ k) / np.linalg.norm(q) / np.linalg.norm(k))


Prepare = Callable[[Any, PyTree, Array], Array]  # (config, params, queries or keys) -> as they are compared


class ScoreKind(NamedTuple):
    """A score is the dot product of `queries` and `keys`, each as it is where nothing prepares it; or, instead of that, their `logits`.

    `key_width(config, queries, keys)`: how wide a prepared key is. `float32`: leaves of two axes that are no kernel of a product.
    `flops(config, queries, keys, places, prepared)`: of one query of one head, widths of a query and a key, over so many places;
    `prepared`: how many keys are prepared for a query, where that is done once for many.
    `reference(config, params, head, q, k)`: the score of one query and one key in numpy, which any reader can check.
    """

    init: Callable[[Any, Key, int, int, int, Initialiser], PyTree]
    flops: Callable[[Any, int, int, int, float], float]
    key_width: Callable[[Any, int, int], int]
    float32: tuple[str, ...]
    reference: Callable[[Any, Any, int, np.ndarray, np.ndarray], float]
    queries: Prepare | None = None
    keys: Prepare | None = None
    logits: Callable[[Any, PyTree, Array, Array], Array] | None = None


SCORES: dict[type, ScoreKind] = {
    MlpScore: ScoreKind(init_mlp, mlp_flops, mlp_key_width, ("v",), mlp_in_numpy, mlp_queries, mlp_keys, mlp),
    BilinearScore: ScoreKind(init_bilinear, bilinear_flops, key_as_wide, (), bilinear_in_numpy, bilinear_queries),
    DotScore: ScoreKind(_no_parameters, dot_flops, key_as_wide, (), dot_in_numpy),  # q . k (Luong et al. 2015)
    ScaledDotScore: ScoreKind(_no_parameters, dot_flops, key_as_wide, (), scaled_in_numpy, scaled_queries),
    CosineScore: ScoreKind(init_cosine, dot_flops, key_as_wide, (), cosine_in_numpy, cosine_queries, cosine_keys),
}


def init_score(config: ScoreConfig, key: Key, heads: int, width: int, initialiser: Initialiser = LECUN, keys: int | None = None) -> PyTree:
    """Parameters of the score of `heads` heads, each `width` numbers wide. `keys`: the width of a key, where it is not that of a query."""
    return SCORES[type(config)].init(config, key, heads, width, width if keys is None else keys, initialiser)


def score_flops(config: ScoreConfig, queries: int, keys: int, places: int, prepared: float) -> float:
    """Forward, of one query of one head over so many places, with its share of what is done once for the keys."""
    return SCORES[type(config)].flops(config, queries, keys, places, prepared)


def prepared_width(config: ScoreConfig, queries: int, keys: int) -> int:
    """How wide a key is that is compared with queries, of heads with such queries and keys."""
    return SCORES[type(config)].key_width(config, queries, keys)


def is_dot(config: ScoreConfig) -> bool:
    """Whether it is the dot product of what `prepare_queries_and_keys` gives."""
    return SCORES[type(config)].logits is None


def prepare_queries_and_keys(config: ScoreConfig, params: PyTree, q: Float[Array, "b h t q"], k: Float[Array, "b h s k"]) -> Prepared:
    """Queries and keys as they are compared."""
    return prepare_queries(config, params, q), prepare_keys(config, params, k)


def prepare_queries(config: ScoreConfig, params: PyTree, q: Float[Array, "b h t q"]) -> Float[Array, "b h t m"]:
    """Queries as they are compared with prepared keys."""
    queries = SCORES[type(config)].queries
    return queries(config, params, q) if queries else q


def prepare_keys(config: ScoreConfig, params: PyTree, k: Float[Array, "b h s k"]) -> Float[Array, "b h s m"]:
    """Keys as they are compared: once, where many chunks attend to them."""
    keys = SCORES[type(config)].keys
    return keys(config, params, k) if keys else k


def prepared_logits(config: ScoreConfig, params: PyTree, q: Float[Array, "b h t m"], k: Float[Array, "b h s m"]) -> Float[Array, "b h t s"]:
    """The logits of prepared queries and keys, in float32."""
    logits = SCORES[type(config)].logits
    return logits(config, params, q, k) if logits else jnp.einsum("bhtk,bhsk->bhts", q, k, preferred_element_type=jnp.float32)


def attention_logits(
    config: ScoreConfig, params: PyTree, q: Float[Array, "b h t q"], k: Float[Array, "b h s k"]
) -> Float[Array, "b h t s"]:
    """The logits of every query and key."""
    return prepared_logits(config, params, *prepare_queries_and_keys(config, params, q, k))
