"""What holds for every mixer: the law of the chunk, validity, causality, batch invariance. One compilation a config and length."""

from functools import cache

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quick import by_default, jit, parameters

from research.config.mixer import (
    AttentionConfig,
    BilinearScore,
    CosineScore,
    DotScore,
    FullCache,
    Heads,
    MlpScore,
    ScaledDotScore,
    WindowCache,
)
from research.config.position import T5, Alibi, NoPosition, Rotary
from research.laws.mixer_inputs import (
    ALL,
    BATCH,
    GAPS,
    LENGTH,
    WIDTH,
    Inputs,
    X,
    empty_carry,
    mix_once,
    mixer_parameters,
    pull_back,
)
from research.laws.mixer_laws import (
    causality_fault,
    chunk_fault,
    content_fault,
    float32_fault,
    gradient_fault,
    influence_of_inputs,
    packed,
    reference_fault,
    repeat_fault,
    rows_fault,
    shape_fault,
)
from research.nn.attention import AttentionSpec
from research.nn.mixers import MIXERS, BoundMixer, MixerContext, bind_mixer
from research.nn.positions import POSITIONS
from research.nn.score_functions import SCORES

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


@cache
def bound(config):
    """The mixer of a spec of attention, or of a config."""
    return BoundMixer(MIXERS[type(config.config if isinstance(config, AttentionSpec) else config)], config)


@every
def test_any_cut_gives_the_same(config):
    """Cut by validity: the first chunk holds the inputs before the cut, the second the others, each with the gaps of the whole."""
    for valid in (ALL, GAPS):
        for cut in (1, 5, 11):
            before = valid & (np.arange(LENGTH) < cut)[None]
            assert chunk_fault(bound(config), Inputs(X, valid), [Inputs(X, before), Inputs(X, valid & ~before)]) is None


@each(FEW)
def test_one_input_at_a_time_gives_the_same(config):
    whole = Inputs(X, GAPS)
    assert chunk_fault(bound(config), whole, [whole.cut(i, i + 1) for i in range(LENGTH)]) is None


@each(FULL_CACHES)
def test_without_memory_a_chunk_mixes_as_the_first_of_a_cache(config):
    for inputs in (Inputs(X, ALL), Inputs(X, GAPS)):
        _, (after, y) = pull_back(bound(config), inputs, np.zeros_like(X))
        expected, whole = mix_once(bound(config), inputs)
        np.testing.assert_allclose(np.asarray(y)[inputs.valid], np.asarray(whole)[inputs.valid], atol=5e-6)
        np.testing.assert_array_equal(after.length, expected.length)


@every
@settings(max_examples=10, deadline=None)
@given(rows=st.lists(st.lists(st.booleans(), min_size=LENGTH, max_size=LENGTH), min_size=BATCH, max_size=BATCH))
def test_what_does_not_exist_changes_nothing(config, rows):
    inputs = Inputs(X, np.array(rows))
    assert content_fault(bound(config), inputs.valid) is None
    assert chunk_fault(bound(config), inputs, [packed(inputs)]) is None


@every
def test_no_output_depends_on_a_later_input_or_on_another_row(config):
    assert causality_fault(bound(config)) is None
    assert rows_fault(bound(config)) is None
    used = [np.abs(influence_of_inputs(bound(config), time)[0, : time + 1]).any() for time in range(LENGTH)]
    assert sum(used) >= LENGTH - 1, "an output depends on nothing"  # relu may silence one


@each(FEW)
def test_gradients_are_finite_and_nothing_is_random(config):
    assert gradient_fault(bound(config)) is None
    assert repeat_fault(bound(config)) is None


@each(FEW)
def test_shapes_and_types_are_those_of_the_form(config):
    assert shape_fault(bound(config)) is None
    assert float32_fault(bound(config)) is None


@each([*BY_DEFAULT, FULL_CACHES[0]])
def test_observing_changes_nothing(config):
    kind, p, carry = bound(config).kind, mixer_parameters(bound(config)), empty_carry(bound(config))
    seen, y_seen, _ = jit(lambda x, valid: kind.mix(config, p, carry, x, valid, observe=True))(X, GAPS)
    after, y = mix_once(bound(config), Inputs(X, GAPS))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=5e-6), (after, np.asarray(y)[GAPS]), (seen, np.asarray(y_seen)[GAPS]))


@each([config for config in BY_DEFAULT if bound(config).kind.reference])
@pytest.mark.parametrize("length", [LENGTH, 150])
def test_a_mixer_gives_what_its_reference_gives(config, length):
    """A plain loop, over rows with gaps; the longer one is more than a chunk of what is computed in chunks."""
    assert reference_fault(bound(config), length) is None


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
