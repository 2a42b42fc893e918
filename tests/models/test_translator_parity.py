"""Whole encoder-decoders against independent implementations with the same weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen
from translators import FIRST_SOURCE, LENGTH, SOURCE, TARGETS, VOCABULARY, jit, noisy, pair

from research.models import MODELS, encoder_decoder

BATCH, WIDTH, HEADS, HIDDEN = 2, 8, 2, 12
LAYERS = {"encoder": 1, "decoder": 2}
CLOSE = {"atol": 1e-5, "rtol": 1e-5}
RNG = np.random.default_rng(0)
SOURCES = RNG.integers(FIRST_SOURCE, VOCABULARY, (BATCH, SOURCE), dtype=np.int32)
TOKENS = RNG.integers(TARGETS, size=(BATCH, LENGTH), dtype=np.int32)
EXISTS = np.arange(SOURCE) < np.array([[SOURCE], [3]])


class Transformer(linen.Module):
    """The encoder-decoder of Vaswani et al. 2017 from linen's own parts; `placement` of the norm is theirs (post) or pre."""

    placement: str

    @linen.compact
    def __call__(self, source, exists, target):
        x = self.stack("encoder", linen.Embed(VOCABULARY - FIRST_SOURCE, WIDTH, name="source"), source, None, None, exists)
        y = self.stack("decoder", linen.Embed(TARGETS, WIDTH, name="target"), target, x, exists, jnp.ones(target.shape, bool))
        return linen.Dense(TARGETS, name="output")(y)

    def stack(self, side, embed, tokens, memory, exists, own):
        length = tokens.shape[1]
        position = linen.Embed(length, WIDTH, name=f"{side}_position")(jnp.broadcast_to(jnp.arange(length), tokens.shape))
        x, mask = embed(tokens) + position, linen.make_attention_mask(own, own)
        mask = mask if memory is None else linen.combine_masks(mask, linen.make_causal_mask(tokens))
        for i in range(LAYERS[side]):
            x = self.block(f"{side}{i}", x, mask, memory, None if memory is None else linen.make_attention_mask(own, exists))
        return linen.LayerNorm(epsilon=1e-5, name=f"{side}_norm")(x) if self.placement == "pre" else x

    def block(self, name, x, mask, memory, across):
        attend = lambda kind: linen.MultiHeadDotProductAttention(HEADS, use_bias=False, qkv_features=WIDTH, name=f"{name}_{kind}")
        x = self.add(f"{name}_mixer_norm", x, lambda y: attend("mixer")(y, mask=mask))
        if memory is not None:
            x = self.add(f"{name}_cross_norm", x, lambda y: attend("cross")(y, memory, mask=across))
        up, down = linen.Dense(HIDDEN, name=f"{name}_up"), linen.Dense(WIDTH, name=f"{name}_down")
        return self.add(f"{name}_feed_forward_norm", x, lambda y: down(linen.relu(up(y))))

    def add(self, name, x, part):
        norm = linen.LayerNorm(epsilon=1e-5, name=name)
        return x + part(norm(x)) if self.placement == "pre" else norm(x + part(x))


def linen_norm(p):
    return {"scale": p.scale, "bias": p.shift}


def linen_attention(query, key, value, out):
    made = {name: {"kernel": k.reshape(k.shape[0], HEADS, -1)} for name, k in (("query", query), ("key", key), ("value", value))}
    return made | {"out": {"kernel": out.reshape(HEADS, -1, WIDTH)}}


def linen_stack(side, p):
    """A stack under linen's names."""
    found = {f"{side}_position": {"embedding": p.position}} | ({f"{side}_norm": linen_norm(p.norm)} if p.norm != () else {})
    for i in range(LAYERS[side]):
        block = jax.tree.map(lambda leaf, i=i: leaf[i], p.blocks[0])
        parts = {name: linen_norm(getattr(block, name)) for name in ("mixer_norm", "feed_forward_norm")}
        parts["mixer"] = linen_attention(*jnp.split(block.mixer.project, 3, axis=1), block.mixer.out)
        parts["up"] = {"kernel": block.feed_forward.up, "bias": block.feed_forward.up_bias}
        parts["down"] = {"kernel": block.feed_forward.down, "bias": block.feed_forward.down_bias}
        if side == "decoder":
            cross = block.cross
            parts |= {"cross": linen_attention(cross.query, cross.key, cross.value, cross.out), "cross_norm": linen_norm(block.cross_norm)}
        found |= {f"{side}{i}_{name}": part for name, part in parts.items()}
    return found


@pytest.mark.parametrize("placement", ["pre", "post"])
def test_a_transformer_is_that_of_linen(placement):
    words = {
        "kind": "stack",
        "width": WIDTH,
        "position": {"kind": "learned"},
        "mixer": {"kind": "attention", "heads": HEADS},
        "norm": {"kind": "layer", "placement": placement},
        "feed_forward": {"kind": "relu", "width": HIDDEN},
    }
    config = pair(words | {"layers": LAYERS["encoder"]}, words | {"layers": LAYERS["decoder"], "cross": {"heads": HEADS}})
    p = noisy(lambda: encoder_decoder.init(config, jax.random.key(0), VOCABULARY, LENGTH, SOURCE, TARGETS, FIRST_SOURCE))
    theirs = linen_stack("encoder", p.encoder) | linen_stack("decoder", p.decoder)
    theirs |= {"source": {"embedding": p.encoder.embedding}, "target": {"embedding": p.decoder.embedding}}
    theirs["output"] = {"kernel": p.output, "bias": p.output_bias}
    kind = MODELS[type(config)]

    @jit
    def both(source, exists, target):
        carry = kind.read(config, p, source, exists)
        found = kind.logits(config, p, kind.hidden(config, p, carry, target, jnp.ones(target.shape, bool))[1])
        return found, Transformer(placement).apply({"params": theirs}, source - FIRST_SOURCE, exists, target)

    np.testing.assert_allclose(*both(SOURCES, EXISTS, TOKENS), **CLOSE)
