"""What holds for every mixer: the law of the chunk, validity, causality, batch invariance. One compilation a config and length."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quick import by_default, jit, parameters

from research.config.mixer import (
    T5,
    Alibi,
    AttentionConfig,
    BilinearScore,
    CosineScore,
    DotScore,
    FullCache,
    Heads,
    MlpScore,
    NoPosition,
    Rotary,
    ScaledDotScore,
    WindowCache,
)
from research.nn.attention import AttentionSpec
from research.nn.mixers import MIXERS, MixerContext, bind_mixer
from research.nn.positions import POSITIONS
from research.nn.score_functions import SCORES

BATCH, LENGTH, WIDTH = 3, 12, 8
X = np.random.default_rng(1).normal(size=(BATCH, LENGTH, WIDTH)).astype(np.float32)
ALL = np.ones((BATCH, LENGTH), bool)
GAPS = np.array([[c == "x" for c in row] for row in ("xx..x.xxx.xx", "...xxxx.xx..", "x.xxxxxxx.x.")])

FULL, WINDOW = FullCache(), WindowCache(kind="window", size=4)
ROTARY, ALIBI, T5_ = Rotary(kind="rotary"), Alibi(kind="alibi"), T5(kind="t5", buckets=6, max_distance=9)
MLP, BILINEAR, DOT, COSINE = MlpScore(kind="mlp", width=5), BilinearScore(kind="bilinear"), DotScore(kind="dot"), CosineScore(kind="cosine")
SCALED = ScaledDotScore()


def attention(score, position, kept, projections=True):
    return AttentionSpec(AttentionConfig(heads=2, score=score, cache=kept, projections=projections), position)


BY_DEFAULT = [
    *(by_default(kind) for kind in MIXERS if kind is not AttentionConfig),
    *(by_default(kind, heads=3, head_width=5) for kind in MIXERS if issubclass(kind, Heads) and kind is not AttentionConfig),
]
FULL_CACHES = [
    attention(SCALED, ALIBI, FULL),
    attention(MLP, T5_, FULL),
    attention(BILINEAR, ROTARY, FULL, projections=False),
    attention(DOT, NoPosition(), FULL, projections=False),
    attention(COSINE, ROTARY, FULL),
    AttentionSpec(AttentionConfig(heads=3, head_width=6, score=BILINEAR), ROTARY),
]
WINDOWS = [
    attention(SCALED, T5_, WINDOW),
    attention(MLP, ROTARY, WINDOW, projections=False),
    attention(SCALED, NoPosition(), WindowCache(kind="window", size=1)),
    attention(SCALED, ROTARY, WINDOW),
    attention(BILINEAR, ALIBI, WINDOW),
]
SPELLED = {type(part) for spec in (*FULL_CACHES, *WINDOWS) for part in (spec.position, spec.config.score)}
FULL_CACHES += [attention(SCALED, by_default(kind), FULL) for kind in POSITIONS if kind not in SPELLED and kind.acts_on != "input"]
FULL_CACHES += [attention(by_default(kind), ROTARY, FULL) for kind in SCORES if kind not in SPELLED]
FEW = [*BY_DEFAULT, *FULL_CACHES[:2], *WINDOWS[:2]]


def name(config):
    if not isinstance(config, AttentionSpec):
        return config.kind + ("-wide" if getattr(config, "head_width", "divided") != "divided" else "")
    inner = config.config
    size = getattr(inner.cache, "size", "")
    return (
        f"{inner.score.kind}-{config.position.kind}-{inner.cache.kind}{size}"
        + ("" if inner.projections else "-bare")
        + ("" if inner.head_width == "divided" else "-wide")
    )


def each(configs):
    return pytest.mark.parametrize("config", configs, ids=name)


every = each([*BY_DEFAULT, *FULL_CACHES, *WINDOWS])


def entry(spec):
    return MIXERS[type(spec.config if isinstance(spec, AttentionSpec) else spec)]


@cache
def start(config, capacity=LENGTH):
    """Parameters and an empty carry."""
    mixer = entry(config)
    return parameters(mixer.init, config, WIDTH), mixer.empty(config, BATCH, capacity, WIDTH)


@cache
def compiled(config, observe=False):
    mix = entry(config).mix
    return jit(lambda p, carry, x, valid: mix(config, p, carry, x, valid, observe=observe))


@cache
def trained(config):
    """As in training, with no memory: the gradient of one output with respect to all inputs; the carry and all outputs."""

    def output(x, valid, time):
        p, carry = start(config, capacity=0)
        carry, y, _ = entry(config).mix(config, p, carry, x, valid)
        return (y[0, time] * jnp.arange(1, WIDTH + 1)).sum(), (carry, y)

    return jit(jax.grad(output, has_aux=True))


def assert_close(a, b):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=5e-6), a, b)


def where_valid(valid, y):
    return np.where(valid[..., None], y, 0)


@every
def test_any_cut_gives_the_same(config):
    """Cut by validity: the first chunk holds the inputs before the cut, the second the others, each with the gaps of the whole."""
    p, carry = start(config)
    for valid in (ALL, GAPS):
        after, whole, _ = compiled(config)(p, carry, X, valid)
        for cut in (1, 5, 11):
            before = valid & (np.arange(LENGTH) < cut)[None]
            first, y_first, _ = compiled(config)(p, carry, X, before)
            second, y_second, _ = compiled(config)(p, first, X, valid & ~before)
            assert_close(where_valid(before, y_first) + where_valid(valid & ~before, y_second), where_valid(valid, whole))
            assert_close(second, after)


@each(FEW)
def test_one_input_at_a_time_gives_the_same(config):
    p, carry = start(config)
    after, whole, _ = compiled(config)(p, carry, X, GAPS)
    outputs = []
    for i in range(LENGTH):
        carry, y, _ = compiled(config)(p, carry, X[:, i : i + 1], GAPS[:, i : i + 1])
        outputs.append(y)
    assert_close(where_valid(GAPS, np.concatenate(outputs, axis=1)), where_valid(GAPS, whole))
    assert_close(carry, after)


@each(FULL_CACHES)
def test_without_memory_a_chunk_mixes_as_the_first_of_a_cache(config):
    p, memory = start(config)
    for valid in (ALL, GAPS):
        _, (after, y) = trained(config)(X, valid, 0)
        expected, whole, _ = compiled(config)(p, memory, X, valid)
        assert_close(where_valid(valid, y), where_valid(valid, whole))
        np.testing.assert_array_equal(after.length, expected.length)


@every
@settings(max_examples=10, deadline=None)
@given(rows=st.lists(st.lists(st.booleans(), min_size=LENGTH, max_size=LENGTH), min_size=BATCH, max_size=BATCH))
def test_what_does_not_exist_changes_nothing(config, rows):
    valid = np.array(rows)
    p, carry = start(config)
    after, y, _ = compiled(config)(p, carry, X, valid)
    after_other, y_other, _ = compiled(config)(p, carry, np.where(valid[..., None], X, np.float32(1e3)), valid)
    jax.tree.map(np.testing.assert_array_equal, after, after_other)
    np.testing.assert_array_equal(where_valid(valid, y), where_valid(valid, y_other))
    packed, exists = np.zeros_like(X), np.sort(valid, axis=1)[:, ::-1]
    packed[exists] = X[valid]
    after_packed, y_packed, _ = compiled(config)(p, carry, packed, exists)
    assert_close(after, after_packed)
    assert_close(np.asarray(y)[valid], np.asarray(y_packed)[exists])


@every
def test_no_output_depends_on_a_later_input(config):
    gradients = [trained(config)(X, ALL, time)[0] for time in range(LENGTH)]
    influence = np.stack([np.abs(gradient).sum(axis=2) for gradient in gradients])  # [output time, row, input time]
    assert not np.triu(influence[:, 0], k=1).any(), "an output depends on a later input"
    assert not influence[:, 1:].any(), "an output depends on another row"
    assert np.tril(influence[:, 0]).any(axis=1).sum() >= LENGTH - 1, "an output depends on nothing"  # relu may silence one


@every
def test_a_row_does_not_depend_on_the_others(config):
    p, carry = start(config)
    _, y, _ = compiled(config)(p, carry, X, GAPS)
    turned = compiled(config)(p, carry, X[::-1], GAPS[::-1])[1][::-1]
    np.testing.assert_array_equal(where_valid(GAPS, y), where_valid(GAPS, turned))


@each([*BY_DEFAULT, FULL_CACHES[0]])
def test_observing_changes_nothing(config):
    p, carry = start(config)
    after, y, _ = compiled(config)(p, carry, X, GAPS)
    seen, y_seen, aux = compiled(config, observe=True)(p, carry, X, GAPS)
    assert_close((after, where_valid(GAPS, y)), (seen, where_valid(GAPS, y_seen)))
    assert set(aux) == set(entry(config).observes)
    assert all(value.shape[0] == BATCH for value in aux.values())


@each([config for config in BY_DEFAULT if entry(config).reference])
@pytest.mark.parametrize("length", [LENGTH, 150])
def test_a_mixer_gives_what_its_reference_gives(config, length):
    """A plain loop, over rows with gaps; the longer one is more than a chunk of what is computed in chunks."""
    random = np.random.default_rng(3)
    x, valid = random.normal(size=(BATCH, length, WIDTH)).astype(np.float32), random.random((BATCH, length)) < 0.8
    p, carry = start(config)
    expected = entry(config).reference(config, p, x, valid)
    _, y, _ = compiled(config)(p, carry, x, valid)
    np.testing.assert_allclose(np.asarray(y)[valid], expected[valid], rtol=1e-4, atol=1e-5)


CONTEXT = MixerContext(NoPosition(), 0.0, True, False)
OTHERS = {"position": {"position": ALIBI}, "mask": {"masked": False}, "dropout": {"dropout": 0.5}}


@pytest.mark.parametrize("kind", MIXERS, ids=lambda kind: kind.__name__)
def test_a_mixer_takes_of_a_model_what_its_words_say(kind):
    config = by_default(kind)
    bound = bind_mixer(config, CONTEXT)
    changed = {word for word, other in OTHERS.items() if bind_mixer(config, CONTEXT._replace(**other)) != bound}
    assert changed == kind.takes


@pytest.mark.parametrize("kind", MIXERS, ids=lambda kind: kind.__name__)
def test_a_mixer_that_is_no_loop_over_time_has_none_in_its_program(kind):
    config = by_default(kind)
    mixer, spec = bind_mixer(config, CONTEXT)
    p, carry = parameters(mixer.init, spec, WIDTH), mixer.empty(spec, BATCH, 0, WIDTH)
    program = str(jax.make_jaxpr(lambda x, valid: mixer.mix(spec, p, carry, x, valid))(X, ALL))
    assert ("scan[" in program or "while[" in program) == mixer.serial
