import warnings
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ngram_formulas import BEGIN, EOS, ModifiedKneserNey, RelativeFrequency, ngrams

from research.classic import ngram, ngram_archive
from research.classic.kneser_ney import FALLBACK, discounts
from research.config.errors import StepladderError
from research.config.model import AddK, KneserNey, MaximumLikelihood, NGram

pytestmark = pytest.mark.filterwarnings("ignore:Kneser-Ney")
SMOOTHINGS = {
    "kneser_ney": KneserNey(),
    "add_k": AddK(kind="add_k", k=0.3),
    "maximum_likelihood": MaximumLikelihood(kind="maximum_likelihood"),
}
FORMULAS = {
    "kneser_ney": ModifiedKneserNey,
    "add_k": partial(RelativeFrequency, k=0.3),
    "maximum_likelihood": partial(RelativeFrequency, k=0.0),
}
orders, seeds = st.integers(1, 5), st.integers(0, 10**6)
sizes, alphabets = st.integers(1, 150), st.integers(1, 40)
words = st.lists(st.lists(st.integers(1, 4), max_size=6), min_size=1, max_size=8)


def random_sentences(seed, size, alphabet):
    """Sentences of up to seven words, frequent and rare, each with its end."""
    rng = np.random.default_rng(seed)
    frequency = 1 / np.arange(1, alphabet + 1)
    lengths, probability = rng.integers(0, 8, size), frequency / frequency.sum()
    return [[*rng.choice(np.arange(1, alphabet + 1), length, p=probability).tolist(), EOS] for length in lengths]


def stream(sentences):
    return np.array([word for sentence in sentences for word in sentence], np.int32)


def fit(sentences, order, vocabulary_size, smoothing="kneser_ney"):
    return ngram.fit_ngram(NGram(kind="ngram", order=order, smoothing=SMOOTHINGS[smoothing]), stream(sentences), vocabulary_size, EOS)


def by_formula(oracle, sentences):
    """Natural log-probabilities, one token at a time."""
    with np.errstate(divide="ignore"):
        return np.log([oracle(sentence[:i], word) for sentence in sentences for i, word in enumerate(sentence)])


@given(seeds, sizes, alphabets, orders, st.sampled_from(list(SMOOTHINGS)))
@settings(max_examples=200, deadline=None)
def test_probabilities_are_the_formula(seed, size, alphabet, order, smoothing):
    train, test, v = random_sentences(seed, size, alphabet), random_sentences(seed + 1, 5, alphabet + 2), alphabet + 3
    expected = by_formula(FORMULAS[smoothing](train, order, v), test)
    np.testing.assert_allclose(ngram.log_probabilities(fit(train, order, v, smoothing), stream(test)), expected, rtol=0, atol=1e-9)


@given(words, orders, st.sampled_from(["kneser_ney", "add_k"]), st.lists(st.integers(0, 6), max_size=7))
@settings(max_examples=80, deadline=None)
def test_every_distribution_sums_to_one(sentences, order, smoothing, context):
    model = fit([[*s, EOS] for s in sentences], order, 7, smoothing)
    log_p = ngram.next_log_probabilities(model, np.array(context, np.int32))
    assert log_p.shape == (7,)
    assert np.exp(log_p).sum() == pytest.approx(1.0, abs=1e-12)
    assert np.isfinite(log_p).all()


@given(words, orders, st.sampled_from(list(SMOOTHINGS)), words)
@settings(max_examples=60, deadline=None)
def test_a_split_is_scored_as_it_would_be_generated(sentences, order, smoothing, test):
    model, tokens = fit([[*s, EOS] for s in sentences], order, 5, smoothing), stream([[*s, EOS] for s in test])
    one_by_one = [ngram.next_log_probabilities(model, tokens[:i])[token] for i, token in enumerate(tokens)]
    np.testing.assert_allclose(ngram.log_probabilities(model, tokens), one_by_one, rtol=0, atol=1e-12)


def test_maximum_likelihood_in_closed_form():
    model = fit([[1, 2, EOS], [1, 3, EOS], [1, 2, EOS]], 2, 5, "maximum_likelihood")
    p = np.exp(ngram.log_probabilities(model, stream([[1, 2, EOS], [1, 3, 1, 4, EOS]])))
    np.testing.assert_allclose(p, [1, 2 / 3, 1, 1, 1 / 3, 0, 0, 0], atol=1e-15)
    assert -ngram.log_probabilities(model, stream([[4, EOS]])).mean() == np.inf


def test_add_one_in_closed_form():
    model = ngram.fit_ngram(NGram(kind="ngram", order=2, smoothing=AddK(kind="add_k")), stream([[1, 2, EOS], [1, 3, EOS]]), 5, EOS)
    p = np.exp(ngram.log_probabilities(model, stream([[1, 2, 4, EOS]])))
    np.testing.assert_allclose(p, [3 / 7, 2 / 7, 1 / 6, 1 / 5], atol=1e-15)


def test_the_kneser_ney_unigram_in_closed_form():
    """Ten words once, five twice, three three times, one four times: 33 words, and as many ends as sentences: one."""
    counts = [1] * 10 + [2] * 5 + [3] * 3 + [4]
    model = fit([[*np.repeat(np.arange(1, 20), counts).tolist(), EOS]], 1, 25)
    total, n1, n2, n3, n4 = 34, 11, 5, 3, 1
    y = n1 / (n1 + 2 * n2)
    d1, d2, d3 = 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3
    shared = (d1 * n1 + d2 * n2 + d3 * (n3 + n4)) / total / 25
    expected = [(c - d) / total + shared for c, d in [(1, d1), (2, d2), (3, d3), (4, d3), (0, 0)]]
    p = np.exp(ngram.next_log_probabilities(model, np.array([3], np.int32)))
    np.testing.assert_allclose(p[[1, 11, 16, 19, 24]], expected, rtol=1e-12)


def test_discounts_in_closed_form():
    counts = np.repeat([1, 2, 3, 4, 9], [8, 4, 2, 1, 3])  # y = 1/2
    assert discounts(counts) == (0.5, 1.25, 2.0)
    assert discounts(np.array([1, 1, 2, 3, 0])) == (0.5, 0.5, 3.0), "nothing was seen four times"
    assert discounts(np.array([1, 1, 3, 4])) is None, "nothing was seen twice"
    assert discounts(np.repeat([1, 2, 3], [1, 1, 9])) is None, "a negative discount"


def test_fallback_discounts_warn_and_are_recorded():
    with pytest.warns(UserWarning, match="order 1, 2 are too few"):
        model = fit([[1, EOS]] * 3, 2, 4)
    assert model.estimate.fallback == (1, 2)
    bigram, unigram = (3 - FALLBACK[2]) / 3, (1 - FALLBACK[0]) / 2 + FALLBACK[0] / 4
    assert ngram.log_probabilities(model, stream([[1]]))[0] == pytest.approx(np.log(bigram + FALLBACK[2] / 3 * unigram), abs=1e-12)


def test_enough_counts_need_no_fallback():
    sentences = random_sentences(0, 300, 400)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fit(sentences, 3, 401).estimate.fallback == ()


@given(words, orders, st.sampled_from(list(SMOOTHINGS)), st.randoms())
@settings(max_examples=30, deadline=None)
def test_the_order_of_sentences_does_not_matter(sentences, order, smoothing, random):
    sentences = [[*s, EOS] for s in sentences]
    shuffled = random.sample(sentences, len(sentences))
    tokens = stream(sentences)
    first, second = (ngram.log_probabilities(fit(s, order, 5, smoothing), tokens) for s in (sentences, shuffled))
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-12)


@given(words, orders, words)
@settings(max_examples=40, deadline=None)
def test_what_is_stored_and_what_is_unseen(train, order, test):
    train, test = [[*s, EOS] for s in train], [[*s, EOS] for s in test]
    model, seen, asked = fit(train, order, 5), ngrams(train, order), ngrams(test, order)
    assert ngram.stored_ngrams(model) == sum(len(grams) for grams in seen)
    expected = {
        k: sum(c for gram, c in asked[k].items() if gram not in seen[k]) / asked[k].total() for k in range(1, order + 1) if asked[k]
    }
    assert ngram.unseen_share(model, stream(test)) == pytest.approx(expected)


def padded(rows, width, rng):
    """Rows with their tokens at random columns, the others invalid and filled with noise; and the column of each token."""
    sequences, valid = rng.integers(0, 5, (len(rows), width)).astype(np.int32), np.zeros((len(rows), width), bool)
    columns = [np.sort(rng.choice(width, len(row), replace=False)) for row in rows]
    for i, (row, where) in enumerate(zip(rows, columns, strict=True)):
        sequences[i, where], valid[i, where] = row, True
    return sequences, valid, columns


@given(words.filter(any), orders, st.sampled_from(list(SMOOTHINGS)), seeds)
@settings(max_examples=60, deadline=None)
def test_rows_are_sentences_without_an_end_wherever_their_padding_is(rows, order, smoothing, seed):
    sequences, valid, columns = padded(rows, 9, np.random.default_rng(seed))
    config = NGram(kind="ngram", order=order, smoothing=SMOOTHINGS[smoothing])
    model, oracle = ngram.fit_ngram_sequences(config, sequences, valid, 5), FORMULAS[smoothing](rows, order, 5)
    for i, (row, where) in enumerate(zip(rows, columns, strict=True)):
        here = (sequences[i : i + 1], valid[i : i + 1], where[None])
        every = ngram.position_log_probabilities(model, *here)[0]
        expected = [[oracle(row[: j + 1], word) for word in range(5)] for j in range(len(row))]
        np.testing.assert_allclose(np.exp(every), np.reshape(expected, (-1, 5)), rtol=0, atol=1e-9)
        np.testing.assert_array_equal(ngram.score_positions(model, *here, np.array([row], np.int32))[0], every[np.arange(len(row)), row])


def test_agreement_is_learned_up_to_the_order_and_no_further():
    """A subject, k fillers, its pronoun: an n-gram knows which pronoun only if k + 2 <= n."""
    rng, fillers = np.random.default_rng(0), np.arange(4, 6)
    for k, order, knows in [(1, 3, True), (2, 4, True), (2, 3, False)]:
        subject = rng.integers(0, 2, 400)
        rows = np.column_stack([subject, rng.choice(fillers, (400, k)), subject + 2]).astype(np.int32)
        valid, where = np.ones_like(rows, bool), np.full((400, 1), k)
        model = ngram.fit_ngram_sequences(NGram(kind="ngram", order=order), rows, valid, 6)
        log_p = ngram.score_positions(model, rows[:, :-1], valid[:, :-1], where, rows[:, -1:])
        assert (np.exp(log_p).min() > 0.9) if knows else np.allclose(np.exp(log_p), 0.5, atol=0.15)


def test_what_is_not_text_is_refused():
    config = NGram(kind="ngram")
    with pytest.raises(StepladderError, match="training text is empty"):
        ngram.fit_ngram(config, np.zeros(0, np.int32), 5, EOS)
    with pytest.raises(StepladderError, match="ids from 1 to 5"):
        ngram.fit_ngram(config, np.array([1, 5], np.int32), 5, EOS)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_a_saved_model_gives_the_same_bits(tmp_path, smoothing):
    sentences, test = random_sentences(3, 40, 9), stream(random_sentences(4, 20, 11))
    model = fit(sentences, 3, 12, smoothing)
    ngram_archive.save_ngram(model, tmp_path / "model.npz")
    loaded = ngram_archive.load_ngram(tmp_path / "model.npz")
    np.testing.assert_array_equal(ngram.log_probabilities(loaded, test), ngram.log_probabilities(model, test))
    assert (loaded.vocabulary_size, loaded.eos, loaded.estimate.fallback) == (12, EOS, model.estimate.fallback)
    rows, valid = test[:8].reshape(2, 4), np.ones((2, 4), bool)
    ngram_archive.save_ngram(ngram.fit_ngram_sequences(NGram(kind="ngram", order=2), rows, valid, 12), tmp_path / "rows.npz")
    assert ngram_archive.load_ngram(tmp_path / "rows.npz").eos is None


def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    model, path = fit([[1, 2, EOS]], 2, 4), tmp_path / "model.npz"
    ngram_archive.save_ngram(model, path)
    before = path.read_bytes()

    def interrupted(file, **arrays):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ngram_archive.save_ngram(model, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_begin_symbol_is_never_predicted():
    assert all(gram[-1] != BEGIN for grams in ngrams([[1, EOS], [EOS]], 3) for gram in grams)
    model = fit([[1, EOS], [EOS]], 3, 3)
    assert np.exp(ngram.next_log_probabilities(model, np.array([1, 1], np.int32))).sum() == pytest.approx(1.0, abs=1e-12)
