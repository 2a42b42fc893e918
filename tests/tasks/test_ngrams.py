"""n-grams as a task: on a text, and on generated examples, whose answers are counted behind their questions."""

import math

import numpy as np

from research.config.corpora import Files
from research.config.generated import AssociativeRecall
from research.config.model import NGram
from research.config.pairs import Rewrite
from research.data.dataset import Dataset, ExampleSplit
from research.data.loading import load_dataset
from research.tasks import ngrams

TEXTS = {"train": "a b a b\nb a\n", "valid": "a b\n", "test": "b b\na\n"}
BIGRAM = NGram.model_validate({"kind": "ngram", "order": 2, "smoothing": {"kind": "add_k", "k": 1.0}})


def texts(folder):
    paths = {split: folder / f"{split}.txt" for split in TEXTS}
    for split, path in paths.items():
        path.write_text(TEXTS[split])
    return load_dataset(Files(kind="files", **{split: str(path) for split, path in paths.items()}))


def test_a_text_is_scored_token_by_token(tmp_path):
    """By hand, (count + 1) / (context count + V); the bigrams of training are <s>a ab ba ab b</s> <s>b ba a</s>."""
    data = texts(tmp_path)
    size = data.vocabulary.size
    scored = ngrams.score_ngram_model(ngrams.fit_ngram_model(BIGRAM, data), data.test)
    expected = [2 / (2 + size), 1 / (3 + size), 2 / (3 + size), 2 / (2 + size), 2 / (3 + size)]  # b b </s> a </s>
    np.testing.assert_allclose(scored["nats"], [-math.log(p) for p in expected], rtol=1e-6)
    assert "correct" not in scored


def test_the_unseen_share_counts_the_bigrams_that_training_lacks(tmp_path):
    """Of b b </s> a </s> the bigram `b b` alone was never seen."""
    data = texts(tmp_path)
    found = ngrams.unseen_shares(ngrams.fit_ngram_model(BIGRAM, data), data.test)
    assert found["unseen_1_grams"] == 0
    assert found["unseen_2_grams"] == 1 / 5


def examples(rows, where, targets, weight):
    inputs = np.array(rows, np.int32)
    asked = [np.array(a, dtype) for a, dtype in ((targets, np.int32), (where, np.int32), (weight, np.float32))]
    return ExampleSplit(inputs, np.ones(inputs.shape, bool), *asked, np.zeros(len(rows), np.int32))


def of_examples(split):
    """Six symbols: three keys and three values."""
    vocabulary = load_dataset(AssociativeRecall(kind="recall", keys=3, values=3, pairs=1, queries=1, train_examples=2)).vocabulary
    return Dataset(vocabulary, split, split, split, "", None, {})


def test_answers_are_counted_behind_their_questions():
    """Rows `5 0 (3)`, `5 1 (2)`, `5 0 (3)`: by hand, p(3 | 0) = (2 + 1) / (2 + 6) and p(2 | 1) = (1 + 1) / (1 + 6)."""
    data = of_examples(examples([[5, 0], [5, 1], [5, 0]], [[1], [1], [1]], [[3], [2], [3]], [[1.0], [1.0], [1.0]]))
    scored = ngrams.score_ngram_model(ngrams.fit_ngram_model(BIGRAM, data), data.test)
    np.testing.assert_allclose(scored["nats"], [-math.log(p) for p in (3 / 8, 2 / 7, 3 / 8)], rtol=1e-6)
    assert scored["correct"].tolist() == [True, True, True]


def test_positions_without_weight_are_not_scored():
    data = of_examples(examples([[5, 0, 1], [5, 1, 0]], [[1, 2], [1, 0]], [[3, 2], [2, 0]], [[1.0, 1.0], [1.0, 0.0]]))
    assert len(ngrams.score_ngram_model(ngrams.fit_ngram_model(BIGRAM, data), data.test)["nats"]) == 3


def test_scores_do_not_depend_on_how_many_rows_are_held_at_once(monkeypatch):
    data = load_dataset(Rewrite(kind="rewrite", task="reverse", symbols=4, longest=5, train_pairs=30, valid_pairs=3, test_pairs=7))
    model = ngrams.fit_ngram_model(BIGRAM, data)
    at_once = ngrams.score_ngram_model(model, data.test)
    monkeypatch.setattr(ngrams, "PROBABILITIES_LIMIT", 2 * data.test.where.shape[1] * data.vocabulary.size)
    by_twos = ngrams.score_ngram_model(model, data.test)
    np.testing.assert_array_equal(at_once["nats"], by_twos["nats"])
    np.testing.assert_array_equal(at_once["correct"], by_twos["correct"])
    assert len(at_once["nats"]) == data.test.weight.sum()
