"""What an encoder-decoder costs: parameters in closed form, FLOPs against what XLA counts in the compiled program."""

import jax
import jax.numpy as jnp
import pytest
from translators import CONFIGS, FAST_COMPILATION, FIRST_SOURCE, SIZES, TARGETS, VOCABULARY, look, pair

from research.models import MODELS
from research.models.count import count_parameters, flops_per_token

RNN, SOURCES = {"kind": "recurrent"}, VOCABULARY - FIRST_SOURCE


@pytest.mark.parametrize("name", CONFIGS)
def test_parameters_are_the_leaves_that_are_drawn(name):
    config = CONFIGS[name]
    p = jax.eval_shape(lambda: MODELS[type(config)].init(config, jax.random.key(0), *SIZES))
    leaves = {jax.tree_util.keystr(path, simple=True, separator="."): leaf.size for path, leaf in jax.tree_util.tree_leaves_with_path(p)}
    outside = ("encoder.embedding", "encoder.position", "decoder.embedding", "decoder.position", "output", "output_bias")
    counted = count_parameters(config, *SIZES)
    assert counted.total == sum(leaves.values())
    assert counted.body == sum(size for path, size in leaves.items() if path not in outside)


def test_a_recurrent_pair_has_the_parameters_of_its_equations():
    """Elman cells of 8 numbers both ways, 5 in the decoder, luong's mlp attention."""
    memory, width = 8, 5
    config = pair(
        RNN | {"cell": {"kind": "elman"}, "width": memory // 2},
        RNN | {"cell": {"kind": "elman"}, "width": width, "attention": look("luong", "mlp")},
    )
    encoder = 2 * (2 * (memory // 2) ** 2 + memory // 2)
    first, cell = memory * width + width, 2 * width**2 + width
    looking = (width + memory + 1) * width + (width + memory) * width
    embeddings, output = SOURCES * memory // 2 + TARGETS * width, TARGETS * width + TARGETS
    assert count_parameters(config, *SIZES) == (encoder + first + cell + looking + embeddings + output, encoder + first + cell + looking)


@pytest.mark.parametrize("parts", ["recurrent", "stack"])
def test_what_is_shared_and_tied_is_counted_once(parts):
    words = {"kind": parts, "width": 12}
    separate = count_parameters(pair(words | ({"bidirectional": False} if parts == "recurrent" else {}), words), *SIZES)
    shared, tied, both = (
        count_parameters(pair(words | ({"bidirectional": False} if parts == "recurrent" else {}), words, **more), *SIZES)
        for more in ({"embeddings": "shared"}, {"tie": True}, {"embeddings": "shared", "tie": True})
    )
    common = (TARGETS - FIRST_SOURCE) * 12  # the symbols of both sides have one vector
    assert separate.total - shared.total == common
    assert separate.total - tied.total == TARGETS * 12
    assert separate.total - both.total == common + TARGETS * 12
    assert separate.body == shared.body == tied.body == both.body


PATCHES = {"kind": "patches", "size": 2, "width": 128}  # of a picture of 8 x 8: 16 places


def decoder(kind, score="scaled_dot", cell="gru", layers=1, **words):
    attention = look(kind, score, **words) if kind != "none" else {"kind": "none"}
    return RNN | {"cell": {"kind": cell}, "layers": layers, "width": 128, "attention": attention}


STACK = {"kind": "stack", "layers": 1, "width": 128, "mixer": {"kind": "attention"}}
CASES = {  # of each the longest source and target: XLA counts the body of a loop once, so what scans over time has one step
    "bidirectional lstm": (1, 1, RNN | {"width": 128, "layers": 2}, decoder("none", cell="lstm", layers=2)),
    "one direction": (1, 1, RNN | {"width": 128, "bidirectional": False, "cell": {"kind": "elman"}}, decoder("none", cell="elman")),
    **{f"luong, {score}": (64, 1, PATCHES, decoder("luong", score)) for score in ("scaled_dot", "bilinear", "mlp")},
    "luong, input feeding": (64, 1, PATCHES, decoder("luong", "dot", input_feeding=True)),
    "bahdanau": (64, 1, PATCHES, decoder("bahdanau", "mlp", layers=2)),
    "stacks": (16, 8, STACK, STACK),
    "stacks, mlp, unequal": (16, 8, STACK | {"width": 64}, STACK | {"cross": {"heads": 2, "score": {"kind": "mlp"}}}),
    "stacks, bilinear, no projections": (16, 8, STACK, STACK | {"cross": {"projections": False, "score": {"kind": "bilinear"}}}),
}


@pytest.mark.parametrize("name", CASES)
def test_flops_are_those_that_xla_counts(name):
    """XLA also counts norms, softmax, nonlinearities and sums, which the formula leaves out: its count may be up to 5% above."""
    source, length, encoder, written = CASES[name]
    config, batch = pair(encoder, written), 2
    sizes = (300, length, source, 256, 200)
    expected = flops_per_token(config, *sizes) * (source + length) * batch
    assert counted_by_xla(config, batch, sizes) == pytest.approx(expected * 1.025, rel=0.025)


def counted_by_xla(config, batch, sizes):
    _, length, source, _, _ = sizes
    kind = MODELS[type(config)]

    def run(p, source, exists, target, valid):
        carry = kind.read(config, p, source, exists)
        return kind.logits(config, p, kind.hidden(config, p, carry, target, valid)[1])

    p = jax.eval_shape(lambda: kind.init(config, jax.random.key(0), *sizes))
    side = lambda n: (jax.ShapeDtypeStruct((batch, n), jnp.int32), jax.ShapeDtypeStruct((batch, n), jnp.bool_))
    cost = jax.jit(run).lower(p, *side(source), *side(length)).compile(FAST_COMPILATION).cost_analysis()
    return cost["flops"]


def test_flops_of_convolutions_are_those_that_xla_counts():
    side, batch = 32, 2
    config = pair({"kind": "convolutions", "width": 48, "layers": 3}, STACK)
    sizes = (300, 8, side**2, 256, 200)
    expected = flops_per_token(config, *sizes) * (side**2 + 8) * batch
    assert counted_by_xla(config, batch, sizes) == pytest.approx(expected * 1.025, rel=0.025)
