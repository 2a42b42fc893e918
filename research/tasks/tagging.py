"""Tell the tag of every word of a sentence; of tags that make spans, the spans too."""

from collections import defaultdict
from functools import partial

import numpy as np
from jaxtyping import Bool

from research.config.schema import Config
from research.config.tagged import Tagged
from research.data.dataset import Dataset, TaggedSentences
from research.data.tagged_dataset import sentence_lengths
from research.metrics.item_values import measure_fields, measured_names
from research.metrics.spans import SPANS
from research.tasks.example_splits import example_splits
from research.tasks.language_modelling import ANY_GROUP
from research.tasks.latency_calls import whole_row_call
from research.tasks.membership import TokenMembership
from research.tasks.outcomes import Outcomes, accuracies, by_item, group_parts, mean_loss, token_fields, token_sums
from research.tasks.sizes import Sizes
from research.tasks.symbols import SYMBOL_OUTCOMES, symbol_loss, symbol_outcome, token_nats
from research.tasks.task_kind import TEST, Metrics, TaskKind, never_carries, no_finish, no_folds, one_reading
from research.text.spans import count_spans


def tagged_words(config: Config) -> Tagged:
    """The words of [data]."""
    assert config.data.asks == "tags", "the task of this config tells tags"
    return config.data


def tag_sizes(config: Config, data: Dataset) -> Sizes:
    """An output for each tag; positions for the longest row that there can be, whatever the longest of a split is."""
    return Sizes(data.vocabulary.size, tagged_words(config).length, len(data.classes))


def every_word(config: Config, data: Dataset) -> float:
    """Every position pays for the output layer."""
    return 1.0


def word_membership(data: Dataset, name: str) -> TokenMembership:
    """Of each word its sentence and its tag. Slices: words that training has not, and those that it has with several tags."""
    sentences = data.tagged[name]
    return TokenMembership(
        items=np.repeat(np.arange(len(sentences.words)), sentence_lengths(sentences)),
        groups=sentences.tags.astype(np.int64),
        names=data.classes,
        slices=word_slices(sentences, data.tagged["train"]),
        identity=data.identities.get(name),
        clusters=data.clusters if name == TEST else None,
        scheme=data.scheme,
    )


def word_slices(sentences: TaggedSentences, train: TaggedSentences) -> dict[str, Bool[np.ndarray, " n"]]:
    """Which words training has not, and which it has with more than one tag."""
    tags: dict[str, set[int]] = defaultdict(set)
    for word, tag in zip((word for words in train.words for word in words), train.tags.tolist(), strict=True):
        tags[word].add(tag)
    counts = np.array([len(tags.get(word, ())) for words in sentences.words for word in words], int)
    return {"unknown_words": counts == 0, "ambiguous_words": counts > 1}


def measure_tags(config: Config, name: str, outcomes: Outcomes, belongs: TokenMembership) -> dict[str, float]:
    """Loss and accuracy of a word, that of a tag being its recall; with a scheme precision, recall and F1 of all spans together."""
    shares = accuracies(outcomes["correct"], group_parts(belongs))
    scores = measure_fields(token_sums(outcomes) | _span_field(outcomes, belongs))
    return mean_loss(outcomes) | {"accuracy": shares.pop("accuracy")} | scores | shares


def _span_field(outcomes: Outcomes, belongs: TokenMembership) -> dict[str, np.ndarray]:
    return {} if belongs.scheme == "none" else {SPANS.name: _sentence_spans(outcomes, belongs)}


def _sentence_spans(outcomes: Outcomes, belongs: TokenMembership) -> np.ndarray:
    assert belongs.groups is not None, "a word has a tag"
    return count_spans(belongs.names, belongs.groups, outcomes["likeliest"], belongs.items)


def tag_items(name: str, outcomes: Outcomes, belongs: TokenMembership) -> dict[str, np.ndarray]:
    """Sums by sentence; with a scheme `spans` [sentence 3], those that are right, predicted and there."""
    return by_item(outcomes, belongs) | _span_field(outcomes, belongs)


def tag_metrics(config: Config, available: frozenset[str]) -> Metrics:
    """As `measure_tags` names them."""
    spans = set() if tagged_words(config).span_scheme == "none" else {SPANS.name}
    return Metrics(("loss", "accuracy", *measured_names(token_fields(available) | spans), f"accuracy{ANY_GROUP}"), ())


TAGGING = TaskKind(
    sizes=tag_sizes,
    scored_share=every_word,
    readings=one_reading,
    splits=partial(example_splits, word_membership),
    belongs=word_membership,
    carries=never_carries,
    loss=symbol_loss,
    outcome=symbol_outcome,
    outcomes=SYMBOL_OUTCOMES,
    measure=measure_tags,
    items=tag_items,
    pool=no_folds,
    token_losses=token_nats,
    metrics=tag_metrics,
    finish=no_finish,
    call=whole_row_call,
)
