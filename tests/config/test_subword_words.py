"""What a subword level needs, and which regularisation goes with which."""

import pytest
from pydantic import ValidationError

from research.config.levels import levels_varied_by, levels_where
from research.config.merge import Assignment, Merged, apply_layer, with_default_kinds
from research.config.schema import Config

VARIED = {kind: levels_varied_by(kind) for kind in ("sample", "bpe_dropout")}


def check(level, model="language_model", size=500, **words):
    data = {"kind": "shakespeare", "level": level, "vocabulary": {"size": size}} | words
    return Config.model_validate(with_default_kinds({"data": data, "model": model if isinstance(model, dict) else {"kind": model}}))


@pytest.mark.parametrize("level", levels_where(lambda facts: facts.learned))
def test_a_size_is_needed_and_counts_are_not(level):
    assert check(level).data.level == level
    with pytest.raises(ValidationError, match=rf"data\.level = {level} needs data\.vocabulary\.size, a whole number"):
        check(level, size="all")
    with pytest.raises(ValidationError, match=r"data\.vocabulary\.min_count means nothing at the .* level"):
        check(level, vocabulary={"size": 500, "min_count": 2})


@pytest.mark.parametrize("level", levels_where(lambda facts: not facts.own_types))
@pytest.mark.parametrize(("kind", "levels"), [(kind, " or ".join(levels)) for kind, levels in VARIED.items()])
def test_a_regularisation_is_for_some_levels(level, kind, levels):
    if level in VARIED[kind]:
        assert check(level, regularisation={"kind": kind}).data.regularisation.kind == kind
    else:
        with pytest.raises(ValidationError, match=f"is for data.level = {levels}; data.level = {level} has nothing that it could vary"):
            check(level, regularisation={"kind": kind})


@pytest.mark.parametrize(("level", "kind"), [(level, kind) for kind, levels in VARIED.items() for level in levels])
def test_a_regularisation_is_for_windows_of_trained_models(level, kind):
    words = {"regularisation": {"kind": kind}}
    for model in ("language_model", "feed_forward_lm"):
        assert check(level, model, **words).data.regularisation.kind == kind
    with pytest.raises(ValidationError, match=r"model\.kind = ngram is counted.*leave data\.regularisation out"):
        check(level, "ngram", **words)
    with pytest.raises(ValidationError, match=r"model\.kind = interpolation is counted, in whole or in part"):
        check(level, {"kind": "interpolation", "parts": [{"kind": "ngram"}, {"kind": "feed_forward_lm"}]}, **words)
    with pytest.raises(ValidationError, match=r"another number of tokens in each epoch.*use data\.batches = windows"):
        check(level, {"kind": "language_model", "mixer": {"kind": "lstm"}}, batches="columns", **words)


def test_another_level_may_be_asked_for_in_the_same_words():
    tree = {"data": {"kind": "shakespeare", "level": "word", "vocabulary": {"size": 500}}, "model": {"kind": "language_model"}}
    changed = apply_layer(Merged(tree, (), {}), [Assignment(("data", "level"), "unigram", "test")])
    assert Config.model_validate(changed.tree).data.level == "unigram"
    assert not changed.dropped
