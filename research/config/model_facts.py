"""What a config must know of each kind of model without its arrays: one entry for each, in `MODEL_FACTS`."""

from collections.abc import Callable
from typing import Any, NamedTuple

from research.config.classify import (
    BagOfWords,
    ClassifierConfig,
    CommonestTag,
    HiddenMarkov,
    NGramClassifier,
    RegressorConfig,
    TokenEncoderConfig,
)
from research.config.data_kind import Asks, DataConfig
from research.config.encoder_decoder import EncoderDecoderConfig
from research.config.fields import kind_classes
from research.config.model import FeedForwardLMConfig, Interpolation, LanguageModelConfig, NGram, SingleModel
from research.config.node import Node
from research.config.rules import Rules

Of = Callable[[Any], bool]  # of a model's config
LEARNERS = kind_classes(BagOfWords.model_fields["learner"])


def _always(config: Node) -> bool:
    return True


def _never(config: Node) -> bool:
    return False


def _no_parts(config: Node) -> tuple[SingleModel | str, ...]:
    return ()


def _no_mistake(config: Node, data: DataConfig) -> str:
    return ""


class ModelFacts(NamedTuple):
    """A kind of model. What identifies its runs, and what it predicts, has no default."""

    predicts: tuple[Asks, ...]  # what of data it can predict
    fitted: bool  # counted, fitted or written: it knows no gradient steps
    by_chance: Of  # whether a seed changes what it learns; of a mixture its parts say that
    meaningless: dict[str, str]  # the sections that mean nothing to it, and how an error says to whom
    unread: tuple[str, ...]  # the words of [data] that are for a table's other rows
    counted: bool  # in whole or in part from n-grams of tokens: on one cut of the text, without windows
    words_alone: bool  # it counts words, no other symbols
    likeliest: Callable[[DataConfig], bool]  # whether it is known of this data which target it holds for the likeliest
    reads_prompts: bool = True
    sees: Of = _never  # whether it reads pictures
    carries: Of = _always  # whether chunks of training may hand a state on
    ends: Of = _never  # whether its positions end with those of training
    mistake: Callable[[Any, DataConfig], str] = _no_mistake  # what of its words cannot predict what this data asks for; "" where all can
    parts: Callable[[Any], tuple[SingleModel | str, ...]] = _no_parts  # of a mixture its models; a name or an id is a cell of its own


def _trained(*predicts: Asks, sees: Of = _never, carries: Of = _always, ends: Of = _never, reads_prompts: bool = True) -> ModelFacts:
    return ModelFacts(predicts, False, _always, {}, (), False, False, _always, reads_prompts, sees, carries, ends)


def _fitted_to_sentences(what: str, unread: tuple[str, ...], *predicts: Asks, words_alone: bool) -> ModelFacts:
    return ModelFacts(predicts, True, _never, _untrained(what), unread, False, words_alone, _always)


def _learner_mistake(config: BagOfWords, data: DataConfig) -> str:
    """A learner is of classes or of a number."""
    if config.learner.predicts == data.asks:
        return ""
    others = ", ".join(kind for kind, learner in LEARNERS.items() if learner.predicts == data.asks)  # type: ignore[attr-defined]
    return f"model.learner.kind = {config.learner.kind} does not learn what {data.kind} asks for ({data.asks}); use one of {others}"  # type: ignore[attr-defined]


def _counted_tagger(what: str) -> ModelFacts:
    return ModelFacts(("tags",), True, _never, _untrained(what), ("length", "vocabulary"), False, False, _always, reads_prompts=False)


def _untrained(what: str) -> dict[str, str]:
    return dict.fromkeys(("optim", "train", "init"), f"{what}; leave it out")


def _unless_text(data: DataConfig) -> bool:
    return data.reads != "text"


def _own_positions_end(config: LanguageModelConfig) -> bool:
    return config.positions_end


def _encoder_positions_end(config: ClassifierConfig | RegressorConfig | TokenEncoderConfig) -> bool:
    return config.encoder.positions_end


def _learner_by_chance(config: BagOfWords) -> bool:
    return config.learner.by_chance


def _pictures(config: EncoderDecoderConfig) -> bool:
    return config.sees


def _interpolated(config: Interpolation) -> tuple[SingleModel | str, ...]:
    return config.parts


MODEL_FACTS: dict[type[Node], ModelFacts] = {
    LanguageModelConfig: _trained("tokens", "targets", carries=LanguageModelConfig.may_carry, ends=_own_positions_end),
    EncoderDecoderConfig: _trained("targets", sees=_pictures),
    FeedForwardLMConfig: _trained("tokens"),
    ClassifierConfig: _trained("classes", ends=_encoder_positions_end),
    TokenEncoderConfig: _trained("tags", "tokens", carries=_never, ends=_encoder_positions_end, reads_prompts=False),
    RegressorConfig: _trained("number", ends=_encoder_positions_end),
    CommonestTag: _counted_tagger("the commonest tag of each word, which is counted, not trained"),
    HiddenMarkov: _counted_tagger("a hidden Markov model, which is counted, not trained"),
    NGram: ModelFacts(("tokens",), True, _never, _untrained("an n-gram, which is counted, not trained"), (), True, False, _unless_text),
    Interpolation: ModelFacts(
        predicts=("tokens",),
        fitted=True,
        by_chance=_never,
        meaningless={"init": "an interpolation; its parts are cells of their own"},
        unread=(),
        counted=True,
        words_alone=False,
        likeliest=_never,
        reads_prompts=False,
        parts=_interpolated,
    ),
    Rules: _fitted_to_sentences(
        "rules, which are written, not trained", ("level", "length", "lower", "vocabulary"), "classes", "number", words_alone=False
    ),
    BagOfWords: _fitted_to_sentences(
        "a bag of words, which is fitted at once, not in steps", ("length",), "classes", "number", words_alone=True
    )._replace(mistake=_learner_mistake, by_chance=_learner_by_chance),
    NGramClassifier: _fitted_to_sentences("n-grams, which are counted, not trained", ("length",), "classes", words_alone=True),
}
CLASSIFIERS = tuple(kind for kind, facts in MODEL_FACTS.items() if "classes" in facts.predicts)


def model_facts(model: Node) -> ModelFacts:
    """The entry of a model."""
    return MODEL_FACTS[type(model)]


def part_models(model: Node) -> tuple[Node | str, ...]:
    """What a mixture is made of; another model is the one part of itself. A name or an id is a cell of its own."""
    return model_facts(model).parts(model) or (model,)


def has_one_result(model: Node, named_have_one: bool) -> bool:
    """Whether all seeds learn the same; `named_have_one`: whether the cells that a mixture names do."""
    return all(named_have_one if isinstance(part, str) else not model_facts(part).by_chance(part) for part in part_models(model))


def is_count_based(model: Node) -> bool:
    """Whether a language model is made of counts, and of runs that have ids of their own, alone."""
    return all(isinstance(part, str) or model_facts(part).counted for part in part_models(model))
