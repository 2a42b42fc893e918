"""Models of sentences that are fitted or written, as files of a run's folder: one entry for each kind, in `FITTED_FILES`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from research.classic import ngram_archive
from research.classic.bag_of_words import NGramFeatures
from research.classic.lexicon import BUILT_IN, Lexicon, load_lexicon
from research.classic.linear_classifiers import LinearClassifier
from research.classic.ngram_classifier import ClassNGramModels
from research.config.classify import BagOfWords, NGramClassifier
from research.config.node import Node
from research.config.rules import Rules
from research.runs.array_files import read_model_arrays, write_arrays
from research.tasks.classifying import LinearModel
from research.tasks.regressing import RatedRules

FILE = "model.npz"


class FittedFiles(NamedTuple):
    """What a kind of fitted model keeps, what it is made of, and what its figures say.

    save(model, folder): writes what was learned
    load(config, folder, data_dir) -> what `save` wrote, with the files of the user's that it is made of
    check(config): raises StepladderError for a mistake in those files
    learns: whether it is made of training sentences; what is written by hand is not, and multiplies nothing
    """

    save: Callable[[Any, Path], None]
    load: Callable[[Any, Path, Path | None], Any]
    check: Callable[[Any], None]
    learns: bool


def save_fitted(config: Node, model: Any, folder: Path) -> None:
    """model.npz, and of n-grams one more file a class. Rules are their config and lexicon; of numbers there is their line too."""
    FITTED_FILES[type(config)].save(model, folder)


def load_fitted(config: Node, folder: Path, data_dir: Path | None) -> Any:
    """The model that `save_fitted` wrote."""
    return FITTED_FILES[type(config)].load(config, folder, data_dir)


def check_files_of(config: Node) -> None:
    """Raises StepladderError for a mistake in a file of the user's that a fitted model of sentences is made of."""
    if type(config) in FITTED_FILES:
        FITTED_FILES[type(config)].check(config)


def _save_rules(model: Lexicon | RatedRules, folder: Path) -> None:
    if isinstance(model, RatedRules):
        write_arrays(folder / FILE, line=np.array(model[1:]))


def _load_rules(config: Rules, folder: Path, data_dir: Path | None) -> Lexicon | RatedRules:
    lexicon = load_lexicon(config.lexicon, data_dir)
    return RatedRules(lexicon, *_arrays(folder, "line")["line"].tolist()) if (folder / FILE).exists() else lexicon


def _check_lexicon(config: Rules) -> None:
    if config.lexicon != BUILT_IN:
        load_lexicon(config.lexicon)


def _save_bag(model: LinearModel, folder: Path) -> None:
    idf = {} if model.features.idf is None else {"idf": model.features.idf}
    write_arrays(folder / FILE, features=np.array(model.features.names), **model.linear._asdict(), **idf)


def _load_bag(config: BagOfWords, folder: Path, data_dir: Path | None) -> LinearModel:
    arrays = _arrays(folder, "features", "weights", "bias")
    features = NGramFeatures(tuple(arrays["features"].tolist()), arrays.get("idf"))
    return LinearModel(features, LinearClassifier(arrays["weights"], arrays["bias"]))


def _save_class_ngrams(model: ClassNGramModels, folder: Path) -> None:
    for number, class_model in enumerate(model.of_class):
        ngram_archive.save_ngram(class_model, folder / f"class_{number}.npz")
    write_arrays(folder / FILE, prior=model.prior)


def _load_class_ngrams(config: NGramClassifier, folder: Path, data_dir: Path | None) -> ClassNGramModels:
    prior = _arrays(folder, "prior")["prior"]
    return ClassNGramModels(tuple(ngram_archive.load_ngram(folder / f"class_{i}.npz") for i in range(len(prior))), prior)


def _arrays(folder: Path, *names: str) -> dict[str, np.ndarray]:
    return read_model_arrays(folder / FILE, names)


def _no_files(config: Node) -> None:
    """It is made of training sentences alone."""


FITTED_FILES: dict[type[Node], FittedFiles] = {
    Rules: FittedFiles(_save_rules, _load_rules, _check_lexicon, False),
    BagOfWords: FittedFiles(_save_bag, _load_bag, _no_files, True),
    NGramClassifier: FittedFiles(_save_class_ngrams, _load_class_ngrams, _no_files, True),
}


def learns(config: Node) -> bool:
    """Whether a fitted model of sentences is made of training sentences."""
    return FITTED_FILES[type(config)].learns
