"""How a finished tagger answers: the log-probabilities of the tags of each word.

Shapes: n words, one sentence after another, g tags.
"""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from research.models.head_logits import row_logits
from research.tasks.classifying import log_softmax
from research.tasks.tag_counting import COUNTED_TAGGERS
from research.tasks.tagging import tagged_words
from research.use.finished_run import FinishedRun
from research.use.word_rows import WordRows, word_rows

ROWS = 64  # rows at a time
Sentences = Sequence[Sequence[str]]
TagAnswers = Callable[[FinishedRun, Sentences], Float[np.ndarray, "n g"]]  # of sentences of which at least one has a word


def counted_tags(run: FinishedRun, sentences: Sentences) -> Float[np.ndarray, "n g"]:
    """By a counted tagger, a sentence at a time."""
    kind = COUNTED_TAGGERS[type(run.config.model)]
    return kind.log_probabilities(run.parameters, [sentence for sentence in sentences if sentence])


def trained_tags(run: FinishedRun, sentences: Sentences) -> Float[np.ndarray, "n g"]:
    """By a trained tagger, in rows of the training length."""
    length = tagged_words(run.config).length
    return log_softmax(_logits(run, word_rows(run.data.vocabulary, sentences, length, None), length).astype(np.float64))


def _logits(run: FinishedRun, words: WordRows, length: int) -> Float[np.ndarray, "n g"]:
    """In batches of one shape."""
    parts = []
    for begin in range(0, len(words.rows), ROWS):
        tokens, valid = np.zeros((ROWS, length), np.int32), np.zeros((ROWS, length), bool)
        for number, symbols in enumerate(words.rows[begin : begin + ROWS]):
            tokens[number, : len(symbols)], valid[number, : len(symbols)] = symbols, True
        logits = np.asarray(row_logits(run.config.model, run.parameters, jnp.asarray(tokens), jnp.asarray(valid)))
        within = (begin <= words.row) & (words.row < begin + ROWS)
        parts.append(logits[words.row[within] - begin, words.last[within]])
    return np.concatenate(parts)
