"""An output at every word: its vector knows the whole sentence, nothing behind it, and pooled is that of a classifier."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.config.classify import ClassifierConfig, TokenEncoderConfig
from research.config.model import LanguageModelConfig
from research.config.schema import Config
from research.models import MODELS
from research.models.count import count_parameters_in, flops_per_token
from research.models.head_logits import class_logits, row_logits
from research.models.warm_start import inherited_part

VOCABULARY, LENGTH, OUTPUTS = 12, 6, 5
STACK = {"layers": 2, "width": 8, "mixer": {"kind": "attention", "heads": 2}}
STACKS = {
    "transformer": STACK | {"position": {"kind": "rotary"}},
    "transformer, masked": STACK | {"masked": True},
    "bilstm": STACK | {"mixer": {"kind": "lstm"}, "bidirectional": True},
    "convolution": STACK | {"mixer": {"kind": "convolution"}, "bidirectional": True},
}
LENGTHS = (6, 4, 1, 0)
TOKENS = np.random.default_rng(0).integers(VOCABULARY, size=(len(LENGTHS), LENGTH)).astype(np.int32)
VALID = np.arange(LENGTH)[None] < np.array(LENGTHS)[:, None]


def config(name):
    return TokenEncoderConfig.model_validate({"kind": "token_encoder", "encoder": {"kind": "stack"} | STACKS[name]})


@cache
def parameters(name, outputs=OUTPUTS, vocabulary=VOCABULARY):
    return jax.jit(lambda: MODELS[TokenEncoderConfig].init(config(name), jax.random.key(0), vocabulary, LENGTH, outputs))()


def logits(name, tokens=TOKENS, valid=VALID):
    return np.asarray(row_logits(config(name), parameters(name), jnp.asarray(tokens), jnp.asarray(valid)))


@pytest.mark.parametrize("name", STACKS)
def test_what_lies_behind_a_sentence_changes_nothing(name):
    other = np.where(VALID, TOKENS, (TOKENS + 3) % VOCABULARY)
    np.testing.assert_allclose(logits(name, other)[VALID], logits(name)[VALID], atol=1e-6)
    alone = logits(name, TOKENS[1:2, :4], VALID[1:2, :4])
    np.testing.assert_allclose(alone[0], logits(name)[1, :4], atol=1e-5)
    assert np.isfinite(logits(name)).all()


LATER = [("transformer", True), ("transformer, masked", False), ("bilstm", True), ("convolution", True)]


@pytest.mark.parametrize(("name", "sees_later"), LATER)
def test_a_word_knows_what_comes_later_where_its_stack_does(name, sees_later):
    other = TOKENS.copy()
    other[0, 1] = (other[0, 1] + 1) % VOCABULARY
    assert np.allclose(logits(name)[0, 0], logits(name, other)[0, 0], atol=1e-6) != sees_later


@pytest.mark.parametrize("name", STACKS)
def test_pooled_its_vectors_are_those_of_a_classifier(name):
    """The same encoder, the mean over the words, the same output layer."""
    words = ClassifierConfig.model_validate({"kind": "classifier", "encoder": {"kind": "stack"} | STACKS[name]})
    params = MODELS[ClassifierConfig].init(words, jax.random.key(1), VOCABULARY, LENGTH, OUTPUTS)
    params = params.replace(encoder=parameters(name).encoder, output=parameters(name).output, output_bias=parameters(name).output_bias)
    pooled = np.stack([row[valid].mean(axis=0) for row, valid in zip(logits(name)[:3], VALID[:3], strict=True)])
    scores = class_logits(words, params, jnp.asarray(TOKENS[:3]), jnp.asarray(VALID[:3]))
    np.testing.assert_allclose(scores, pooled, atol=1e-5)


@pytest.mark.parametrize("name", ["transformer", "bilstm"])
def test_its_costs_are_those_of_the_same_classifier_and_an_output_at_every_word(name):
    words = ClassifierConfig.model_validate({"kind": "classifier", "encoder": {"kind": "stack"} | STACKS[name]})
    params = MODELS[ClassifierConfig].init(words, jax.random.key(1), VOCABULARY, LENGTH, OUTPUTS)
    assert count_parameters_in(config(name), parameters(name)) == count_parameters_in(words, params)
    cost = lambda model, scored: flops_per_token(model, VOCABULARY, LENGTH, OUTPUTS, scored=scored)
    assert cost(config(name), 1.0) == pytest.approx(cost(words, 1.0))
    assert cost(config(name), 1.0) - cost(config(name), 0.0) == 2 * parameters(name).output.size


def child(name, pooling="mean"):
    tree = {"data": {"kind": "vader"}, "model": {"kind": "classifier", "encoder": {"kind": "stack", "pooling": pooling} | STACKS[name]}}
    return Config.model_validate(tree)


def masked(name):
    return Config.model_validate(
        {"data": {"kind": "pydoc"}, "task": {"kind": "masked_language_modelling"}, "model": config(name).model_dump(by_alias=True)}
    )


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_a_classifier_starts_from_a_masked_model_without_its_mask(pooling):
    """The encoder, both directions, but for the row of <mask>; what pools and what reads the classes stay the classifier's own."""
    words = child("bilstm", pooling)
    start = inherited_part(masked("bilstm"), words)
    pretrained = parameters("bilstm", VOCABULARY, VOCABULARY + 1)
    own = MODELS[ClassifierConfig].init(words.model, jax.random.key(1), VOCABULARY, LENGTH, 3)
    begun = start.put(own, start.part(pretrained, own))
    assert jax.tree.structure(begun) == jax.tree.structure(own)
    np.testing.assert_array_equal(begun.encoder.forward.embedding, pretrained.encoder.forward.embedding[:VOCABULARY])
    jax.tree.map(np.testing.assert_array_equal, begun.encoder.backward, pretrained.encoder.backward)
    jax.tree.map(np.testing.assert_array_equal, (begun.output, begun.encoder.query), (own.output, own.encoder.query))


def test_a_masked_model_starts_from_a_language_model_with_a_mask_of_its_own():
    stack = STACKS["transformer"]
    language = Config.model_validate({"data": {"kind": "pydoc"}, "model": {"kind": "language_model"} | stack})
    start, own = inherited_part(language, masked("transformer")), parameters("transformer", VOCABULARY, VOCABULARY + 1)
    pretrained = MODELS[LanguageModelConfig].init(language.model, jax.random.key(1), VOCABULARY, LENGTH)
    embedding = start.put(own, start.part(pretrained, own)).encoder.forward.embedding
    np.testing.assert_array_equal(embedding[:VOCABULARY], pretrained.embedding)
    np.testing.assert_array_equal(embedding[VOCABULARY], own.encoder.forward.embedding[VOCABULARY])


def test_a_model_of_the_same_task_takes_over_everything():
    assert inherited_part(masked("bilstm"), masked("bilstm")) is None


@pytest.mark.parametrize(("name", "reason"), [("bilstm", "bidirectional = false"), ("transformer", "")])
def test_two_directions_cannot_start_from_a_language_model(name, reason):
    language = Config.model_validate({"data": {"kind": "pydoc"}, "model": {"kind": "language_model"} | STACK})
    assert reason in inherited_part(language, child(name)).unfit(child(name).model)
    assert bool(inherited_part(language, child(name)).unfit(child(name).model)) == bool(reason)
