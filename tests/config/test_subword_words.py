"""What a subword level needs, and which regularisation goes with which."""

import pytest
from pydantic import ValidationError

from research.config.merge import Assignment, Merged, apply, complete
from research.config.schema import Config


def check(level, model="language_model", size=500, **words):
    data = {"kind": "shakespeare", "level": level, "vocabulary": {"size": size}} | words
    return Config.model_validate(complete({"data": data, "model": {"kind": model}}))


@pytest.mark.parametrize("level", ["bpe", "byte_bpe", "unigram", "wordpiece"])
def test_a_size_is_needed_and_counts_are_not(level):
    assert check(level).data.level == level
    with pytest.raises(ValidationError, match=rf"data\.level = {level} needs data\.vocabulary\.size, a whole number"):
        check(level, size="all")
    with pytest.raises(ValidationError, match=r"data\.vocabulary\.min_count means nothing at the .* level"):
        check(level, vocabulary={"size": 500, "min_count": 2})


@pytest.mark.parametrize("level", ["word", "char", "bpe", "byte_bpe", "unigram", "wordpiece"])
@pytest.mark.parametrize(("kind", "levels"), [("sample", "unigram"), ("bpe_dropout", "bpe or byte_bpe")])
@pytest.mark.parametrize("model", ["language_model", "feed_forward_lm", "ngram"])
def test_a_regularisation_is_refused_where_it_could_do_nothing(level, kind, levels, model):
    reason = f"model.kind = {model}" if level in levels.split(" or ") else f"is for data.level = {levels}"
    with pytest.raises(ValidationError, match=reason):
        check(level, model, regularisation={"kind": kind})


def test_another_level_may_be_asked_for_in_the_same_words():
    tree = {"data": {"kind": "shakespeare", "level": "word", "vocabulary": {"size": 500}}, "model": {"kind": "language_model"}}
    changed = apply(Merged(tree, (), {}), [Assignment(("data", "level"), "unigram", "test")])
    assert Config.model_validate(changed.tree).data.level == "unigram"
    assert not changed.dropped
