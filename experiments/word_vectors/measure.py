"""Fits each kind of word vectors to one text, once a seed, and scores them on the same words and questions."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from research.classic import ppmi
from research.config.corpora import Shakespeare, WikiText2
from research.config.errors import StepladderError
from research.config.vocabulary import VocabularyConfig
from research.config.word_vectors import CountVectors, WordVectorsConfig
from research.data.dataset import Dataset, TextSplit
from research.data.loading import load_dataset
from research.data.word_sets import RATED_SETS, Analogies, RatedPairs, load_analogies, load_rated_pairs
from research.data.word_windows import TrainingSentences, training_sentences
from research.models import word_vectors
from research.tasks.similarity import ANALOGY_SCORES, Answers, Similarity, solve_analogies, total_answers, word_similarity
from research.text.vector_files import Vectors

COMMON = VocabularyConfig(min_count=5)
CORPORA: dict[str, Shakespeare | WikiText2] = {
    "shakespeare": Shakespeare(vocabulary=COMMON),
    "wikitext2": WikiText2(kind="wikitext2", blank_lines=False, vocabulary=COMMON),
}


@dataclass(frozen=True)
class Preset:
    """How large and how often."""

    width: int
    epochs: int
    seeds: int


QUICK = Preset(100, 5, 3)
Method = CountVectors | WordVectorsConfig | None  # None: one-hot vectors, all of which are orthogonal


@dataclass(frozen=True)
class Sets:
    """What vectors are scored on."""

    rated: dict[str, RatedPairs]
    analogies: Analogies


@dataclass(frozen=True)
class Fitted:
    """One fit and its scores. Nothing is answered by one-hot vectors: all words are equally near."""

    method: str
    seed: int | None  # None: the method has no chance in it
    seconds: float
    vectors: Vectors
    similarity: dict[str, Similarity]
    answers: dict[str, Answers]  # of all sections, by the way of scoring


def methods(preset: Preset) -> dict[str, Method]:
    """What is compared, the floor first."""
    return {
        "one-hot": None,
        "PPMI, SVD": CountVectors(width=preset.width),
        "CBOW": WordVectorsConfig(kind="cbow", width=preset.width, epochs=preset.epochs),
        "skip-gram": WordVectorsConfig(kind="skip_gram", width=preset.width, epochs=preset.epochs),
    }


def load_sets(data_dir: Path | None) -> Sets:
    """MEN, WordSim-353 and the analogies, from `data_dir`, the cache, or fetched."""
    return Sets({name: load_rated_pairs(name, data_dir) for name in RATED_SETS}, load_analogies(data_dir))


def load_words(corpus: str, data_dir: Path | None) -> tuple[tuple[str, ...], TrainingSentences]:
    """The types of a corpus and its training text without <unk> and line ends. Raises StepladderError for an unknown name."""
    if corpus not in CORPORA:
        raise StepladderError(f"--corpus {corpus} is not there. The corpora are {', '.join(CORPORA)}.")
    return words_of(load_dataset(CORPORA[corpus], data_dir))


def words_of(data: Dataset) -> tuple[tuple[str, ...], TrainingSentences]:
    """The types of a text at the word level and the words that vectors are fitted to."""
    assert isinstance(data.train, TextSplit), "word vectors are fitted to a text"
    is_word = np.ones(data.vocabulary.size, bool)
    is_word[[number for number in (data.vocabulary.unk, data.vocabulary.eos) if number is not None]] = False
    return data.vocabulary.types, training_sentences(data.train.tokens, data.train.sentence, is_word)


def measure(
    types: tuple[str, ...], text: TrainingSentences, compared: dict[str, Method], seeds: Sequence[int], sets: Sets
) -> Iterator[Fitted]:
    """Every fit, as it is done. The first fit of a method includes its compilation."""
    seen = np.flatnonzero(text.counts)
    for name, method in compared.items():
        for seed in seeds if isinstance(method, WordVectorsConfig) else [None]:
            begun = time.perf_counter()
            table = _fit(method, text, seed or 0)
            seconds = time.perf_counter() - begun
            vectors = Vectors(tuple(types[i] for i in seen), table[seen])
            similarity = {set_name: word_similarity(vectors, pairs) for set_name, pairs in sets.rated.items()}
            ways = ANALOGY_SCORES if method is not None else ()
            answers = {way: total_answers(solve_analogies(vectors, sets.analogies, way)) for way in ways}
            yield Fitted(name, seed, seconds, vectors, similarity, answers)


def _fit(method: Method, text: TrainingSentences, seed: int) -> np.ndarray:
    if method is None:
        return np.zeros((len(text.counts), 1), np.float32)  # the cosine of any two is zero, as between one-hot vectors
    if isinstance(method, CountVectors):
        return ppmi.fit_count_vectors(method, text.words, text.start, len(text.counts))
    return np.asarray(word_vectors.fit_word_vectors(method, text, seed).input)
