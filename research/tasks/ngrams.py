"""n-grams as a task: fitted, not trained."""

import numpy as np
from jaxtyping import Bool, Float, Int

from research.classic import ngram
from research.config.model import NGram
from research.data.dataset import Dataset, ExampleSplit, Split, TextSplit
from research.tasks.outcomes import Outcomes

PROBABILITIES_LIMIT = 2**24  # probabilities at once, while examples are scored


def fit_ngram_model(config: NGram, data: Dataset) -> ngram.NGramModel:
    """Count the training split. Generated examples are counted as sentences: the row and the answer behind it."""
    if isinstance(data.train, TextSplit):
        assert data.eos is not None
        return ngram.fit_ngram(config, data.train.tokens, data.vocabulary.size, data.eos)
    return ngram.fit_ngram_sequences(config, *_with_answers(data.train), data.vocabulary.size)


def score_ngram_model(model: ngram.NGramModel, split: Split) -> Outcomes:
    """Nats of every token of a text, or of every scored position of the examples, and whether the likeliest word was right there."""
    if isinstance(split, TextSplit):
        return {"nats": -ngram.log_probabilities(model, split.tokens)}
    rows = max(1, PROBABILITIES_LIMIT // (split.where.shape[1] * model.vocabulary_size))
    parts = [_score_rows(model, split, slice(first, first + rows)) for first in range(0, len(split.inputs), rows)]
    nats, correct = (np.concatenate(part) for part in zip(*parts, strict=True))
    return {"nats": nats, "correct": correct}


def _score_rows(model: ngram.NGramModel, split: ExampleSplit, rows: slice) -> tuple[Float[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    scored, targets = split.weight[rows] > 0, split.targets[rows]
    log_p = ngram.position_log_probabilities(model, split.inputs[rows], split.valid[rows], split.where[rows])
    nats = -np.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0]
    return nats[scored], (log_p.argmax(axis=-1) == targets)[scored]


def unseen_shares(model: ngram.NGramModel, split: Split) -> dict[str, float]:
    """The share of a text's n-grams that training never saw, by order."""
    if not isinstance(split, TextSplit):
        return {}
    return {f"unseen_{order}_grams": share for order, share in ngram.unseen_share(model, split.tokens).items()}


def _with_answers(split: ExampleSplit) -> tuple[Int[np.ndarray, "n t"], Bool[np.ndarray, "n t"]]:
    rows = np.arange(len(split.inputs))[:, None]
    sequences = np.pad(split.inputs, ((0, 0), (0, 1)))
    valid = np.pad(split.valid, ((0, 0), (0, 1)))
    scored = split.weight > 0
    sequences[(rows * np.ones_like(split.where))[scored], split.where[scored] + 1] = split.targets[scored]
    valid[(rows * np.ones_like(split.where))[scored], split.where[scored] + 1] = True
    return sequences, valid
