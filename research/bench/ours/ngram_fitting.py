"""Modified Kneser-Ney, fitted and scored."""

from research.bench.benchmarks import Case
from research.bench.sizes import NGramSizes
from research.bench.synthetic_text import EOS, zipf_tokens
from research.bench.work import Work
from research.classic import ngram
from research.config.model import NGram


def prepare(case: Case, side: str) -> Work:
    """A unit is one fit, or one scoring by a model that is fitted beforehand."""
    sizes = case.sizes
    assert isinstance(sizes, NGramSizes)
    config, tokens = NGram(kind="ngram", order=sizes.order), zipf_tokens(sizes.vocabulary, sizes.fitted + sizes.scored)
    train, test = tokens[: sizes.fitted].copy(), tokens[sizes.fitted :]
    train[-1] = EOS
    fit = lambda: ngram.fit_ngram(config, train, sizes.vocabulary, EOS)
    model = fit() if sizes.scored else None

    def run(units: int) -> None:
        for _ in range(units):
            _ = fit() if model is None else ngram.log_probabilities(model, test)

    return Work(run)
