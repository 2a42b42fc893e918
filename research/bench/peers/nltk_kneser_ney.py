"""NLTK's interpolated Kneser-Ney, fitted on the same text."""

from nltk.lm import KneserNeyInterpolated
from nltk.lm.preprocessing import padded_everygram_pipeline

from research.bench.benchmarks import Case
from research.bench.sizes import NGramSizes
from research.bench.synthetic_text import sentence_lines, zipf_tokens
from research.bench.work import Work


def prepare(case: Case, side: str) -> Work:
    """A unit is one fit, n-grams made and counted. (NLTK has one discount for all n-grams; ours has three for each order.)"""
    sizes = case.sizes
    assert isinstance(sizes, NGramSizes)
    sentences = sentence_lines(zipf_tokens(sizes.vocabulary, sizes.fitted))

    def run(units: int) -> None:
        for _ in range(units):
            ngrams, vocabulary = padded_everygram_pipeline(sizes.order, sentences)
            KneserNeyInterpolated(sizes.order).fit(ngrams, vocabulary)

    return Work(run)
