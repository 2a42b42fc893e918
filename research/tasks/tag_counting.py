"""Tagging by what is counted: one entry for each kind of model, in `COUNTED_TAGGERS`."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from research.classic import tag_counts
from research.config.classify import CommonestTag, HiddenMarkov
from research.config.node import Node
from research.data.dataset import Dataset, TaggedSentences
from research.tasks.outcomes import Outcomes


class CountedTagger(NamedTuple):
    """fit(config, sentences, tags, number of tags) -> model, a named tuple of arrays, which is also what is written; model: its type;
    log_probabilities(model, sentences) -> [n g]; flops(number of tags) -> those of a word.
    """

    fit: Callable[..., Any]
    model: Callable[..., Any]
    log_probabilities: Callable[[Any, tag_counts.Sentences], Float[np.ndarray, "n g"]]
    flops: Callable[[int], float]


def _of_table(tags: int) -> float:
    return 2.0 * tags


def _of_chain(tags: int) -> float:
    """A product with the matrix of tags forward, one backward."""
    return 4.0 * tags * tags


COUNTED_TAGGERS: dict[type, CountedTagger] = {
    CommonestTag: CountedTagger(tag_counts.fit_word_tags, tag_counts.WordTags, tag_counts.word_tag_log_probabilities, _of_table),
    HiddenMarkov: CountedTagger(tag_counts.fit_markov_chain, tag_counts.MarkovChain, tag_counts.markov_log_probabilities, _of_chain),
}


def fit_tagger(config: Node, data: Dataset) -> Any:
    """Count the training sentences."""
    train = data.tagged["train"]
    return COUNTED_TAGGERS[type(config)].fit(config, train.words, train.tags, len(data.classes))


def score_tagger(config: Node, model: Any, sentences: TaggedSentences) -> Outcomes:
    """Nats of each word's tag, the likeliest tag, and whether it is right."""
    log_p = COUNTED_TAGGERS[type(config)].log_probabilities(model, sentences.words)
    likeliest = log_p.argmax(axis=1).astype(np.int32)
    nats = -np.take_along_axis(log_p, sentences.tags[:, None], axis=1)[:, 0]
    return {"nats": nats, "correct": likeliest == sentences.tags, "likeliest": likeliest}
