"""The fits as tables to read, and as a study."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby

from research.compare.number_texts import DASH
from research.compare.statistics import t_interval
from research.config.sweep import TableLayout
from research.data.download import digest_of, sha256
from research.data.word_windows import TrainingSentences
from research.report.pictures import Picture
from research.report.section import Section
from research.report.sheets import Heading, Sheet, StyledText
from research.report.study import Study, StudyCell
from research.report.word_map import word_map
from research.tasks.similarity import ANALOGY_SCORES, nearest_words, principal_plane
from research.text.vector_files import Vectors

from .measure import Fitted, Preset

TITLES = {"wordsim353": "WordSim-353", "men": "MEN"}
PAIRS = ("king queen", "father mother", "son daughter", "day night", "war peace", "river city", "good bad", "three four")
WORDS = tuple(word for pair in PAIRS for word in pair.split())
METRICS = ("test.correlation_WordSim-353", *(f"test.accuracy_at_{way}" for way in ANALOGY_SCORES))
COVERED = tuple(f"extra.covered_{name}" for name in (*TITLES.values(), "analogies"))
TABLE = TableLayout(rows="method", metrics=(*METRICS, *COVERED, "seconds.train"), baseline="one-hot", figure="none")


def study_of(name: str, question: str, corpus: str, preset: Preset, text: TrainingSentences, fits: Sequence[Fitted]) -> Study:
    """A row a method. Correlations are Spearman's; analogies are the share of the covered that is right, and one-hot vectors have none."""
    by_method = [(method, list(group)) for method, group in groupby(fits, key=lambda fit: fit.method)]
    return Study(
        name="word_vectors",
        question=question,
        preset=name,
        settings={"corpus": corpus, **asdict(preset)},
        digest=digest_of([corpus, list(fits[0].vectors.words), sha256(text.words.tobytes()), sha256(text.start.tobytes())])[:16],
        table=TABLE,
        metric="test.correlation_MEN",
        cells=tuple(_measured(method, method_fits) for method, method_fits in by_method),
        sections=(
            Section("Nearest words", sheet=neighbour_sheet(fits)),
            *([Section("A map of words", picture=map_picture(corpus, fits))] if len(_on_the_map(fits)) >= 3 else []),
        ),
    )


def _measured(method: str, fits: Sequence[Fitted]) -> StudyCell:
    first = fits[0]
    covered = {f"covered_{TITLES[name]}": float(similarity.covered) for name, similarity in first.similarity.items()}
    covered |= {"covered_analogies": float(next(iter(first.answers.values())).covered)} if first.answers else {}
    test = {fit.seed or 0: _test_metrics(fit) for fit in fits}
    return StudyCell({"method": method}, test, covered, seconds=sum(fit.seconds for fit in fits) / len(fits))


def _test_metrics(fit: Fitted) -> dict[str, float]:
    correlations = {f"correlation_{TITLES[name]}": similarity.spearman for name, similarity in fit.similarity.items()}
    return correlations | {f"accuracy_at_{way}": answers.accuracy for way, answers in fit.answers.items()}


def map_picture(corpus: str, fits: Sequence[Fitted]) -> Picture:
    """Those of WORDS that the text has, by the first skip-gram vectors."""
    words = _on_the_map(fits)
    return word_map("words", f"Words of {corpus}, skip-gram", principal_plane(_skip_gram(fits), words), words)


def _on_the_map(fits: Sequence[Fitted]) -> list[str]:
    return [word for word in WORDS if word in _skip_gram(fits).lookup]


def _skip_gram(fits: Sequence[Fitted]) -> Vectors:
    return next(fit for fit in fits if fit.method == "skip-gram").vectors


def score_sheet(corpus: str, fits: Sequence[Fitted]) -> Sheet:
    """A row a method: Spearman's rho, analogies and seconds, each the mean over seeds and its 95% interval."""
    first, last = fits[0], fits[-1]
    heads = [Heading("method", numeric=False)]
    heads += [Heading("rho x 100", TITLES[name]) for name in first.similarity]
    heads += [Heading(way, "analogies, %") for way in ANALOGY_SCORES]
    heads += [Heading("seconds"), Heading("seeds")]
    rows = []
    for method, group in groupby(fits, key=lambda fit: fit.method):
        method_fits = list(group)
        similar = [_mean([100 * fit.similarity[name].spearman for fit in method_fits]) for name in first.similarity]
        solved = [
            _mean([100 * fit.answers[way].accuracy for fit in method_fits]) if method_fits[0].answers else DASH for way in ANALOGY_SCORES
        ]
        seeds = DASH if method_fits[0].seed is None else str(len(method_fits))
        seconds = sum(fit.seconds for fit in method_fits) / len(method_fits)
        rows.append(tuple(map(StyledText, (method, *similar, *solved, f"{seconds:.1f}", seeds))))
    covered = [f"{TITLES[name]}: {similarity.covered:,} of {similarity.pairs:,} pairs" for name, similarity in first.similarity.items()]
    if last.answers:
        answers = next(iter(last.answers.values()))
        covered.append(f"analogies: {answers.covered:,} of {answers.questions:,} questions")
    notes = (
        f"Covered by the {len(first.vectors.words):,} types of {corpus}: {'; '.join(covered)}. Others are not scored.",
        "Seconds: the mean over seeds, compilation in the first. Methods without seeds have no chance in them.",
        "One-hot vectors: the cosine of any two words is zero, so that no pair is before another and no analogy has an answer.",
    )
    return Sheet(f"Word vectors of {corpus}", tuple(heads), tuple(rows), 1, notes)


def neighbour_sheet(fits: Sequence[Fitted], words: Sequence[str] = WORDS, n: int = 6) -> Sheet:
    """The nearest words of some words, by method, first seed. Words that the text lacks are left out."""
    first = {fit.method: fit for fit in reversed(fits) if fit.answers}
    common_words = [word for word in words if all(word in fit.vectors.lookup for fit in first.values())]

    def neighbours(fit: Fitted, word: str) -> str:
        return ", ".join(neighbour for neighbour, _ in nearest_words(fit.vectors, word, n))

    methods = sorted(first, key=[fit.method for fit in fits].index)
    rows = tuple((StyledText(word), *(StyledText(neighbours(first[method], word)) for method in methods)) for word in common_words)
    return Sheet("Nearest words", (Heading("word", numeric=False), *(Heading(method, numeric=False) for method in methods)), rows)


def _mean(values: Sequence[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.1f}"
    interval = t_interval(values)
    return f"{interval.mean:.1f} ± {interval.half:.1f}"
