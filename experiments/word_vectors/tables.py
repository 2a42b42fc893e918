"""The fits as tables to read."""

from collections.abc import Sequence
from itertools import groupby

from experiments.word_vectors.measure import Fitted
from research.results.sheets import DASH, Heading, Sheet, Text
from research.results.statistics import t_interval
from research.tasks.similarity import SCORES, nearest_words

TITLES = {"wordsim353": "WordSim-353", "men": "MEN"}


def score_sheet(corpus: str, fits: Sequence[Fitted]) -> Sheet:
    """A row a method: Spearman's rho, analogies and seconds, each the mean over seeds and its 95% interval."""
    first, last = fits[0], fits[-1]
    heads = [Heading("method", numeric=False)]
    heads += [Heading("rho x 100", TITLES[name]) for name in first.similarity]
    heads += [Heading(way, "analogies, %") for way in SCORES]
    heads += [Heading("seconds"), Heading("seeds")]
    rows = []
    for method, group in groupby(fits, key=lambda fit: fit.method):
        some = list(group)
        similar = [_mean([100 * fit.similarity[name].spearman for fit in some]) for name in first.similarity]
        solved = [_mean([100 * fit.answers[way].accuracy for fit in some]) if some[0].answers else DASH for way in SCORES]
        seeds = DASH if some[0].seed is None else str(len(some))
        seconds = sum(fit.seconds for fit in some) / len(some)
        rows.append(tuple(map(Text, (method, *similar, *solved, f"{seconds:.1f}", seeds))))
    covered = [f"{TITLES[name]}: {one.covered:,} of {one.pairs:,} pairs" for name, one in first.similarity.items()]
    if last.answers:
        answers = next(iter(last.answers.values()))
        covered.append(f"analogies: {answers.covered:,} of {answers.questions:,} questions")
    notes = (
        f"Covered by the {len(first.vectors.words):,} types of {corpus}: {'; '.join(covered)}. Others are not scored.",
        "Seconds: the mean over seeds, compilation in the first. Methods without seeds have no chance in them.",
        "One-hot vectors: the cosine of any two words is zero, so that no pair is before another and no analogy has an answer.",
    )
    return Sheet(f"Word vectors of {corpus}", tuple(heads), tuple(rows), 1, notes)


def neighbour_sheet(fits: Sequence[Fitted], words: Sequence[str], n: int = 6) -> Sheet:
    """The nearest words of some words, by method, first seed. Words that the text lacks are left out."""
    first = {fit.method: fit for fit in reversed(fits) if fit.answers}
    shown = [word for word in words if all(word in fit.vectors.lookup for fit in first.values())]
    near = lambda fit, word: ", ".join(one for one, _ in nearest_words(fit.vectors, word, n))
    methods = sorted(first, key=[fit.method for fit in fits].index)
    rows = tuple((Text(word), *(Text(near(first[method], word)) for method in methods)) for word in shown)
    return Sheet("Nearest words", (Heading("word", numeric=False), *(Heading(one, numeric=False) for one in methods)), rows)


def _mean(values: Sequence[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.1f}"
    interval = t_interval(values)
    return f"{interval.mean:.1f} ± {interval.half:.1f}"
