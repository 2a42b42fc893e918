"""Fitted classifiers as files of a run's folder."""

from pathlib import Path
from typing import Any

import numpy as np

from research.classic import ngram_archive, ngram_classifier
from research.classic.bag_of_words import NGramFeatures
from research.classic.lexicon import Lexicon, load_lexicon
from research.classic.linear_classifiers import LinearClassifier
from research.config.classify import BagOfWords, NGramClassifier
from research.config.rules import Rules
from research.results.store import write_arrays
from research.tasks.classifying import LinearModel
from research.tasks.regressing import RatedRules


def save_fitted(config: Any, model: Any, folder: Path) -> None:
    """model.npz, and of n-grams one more file a class. Rules are their config and lexicon; of numbers there is their line too."""
    if isinstance(model, RatedRules):
        write_arrays(folder / "model.npz", line=np.array(model[1:]))
    if isinstance(config, BagOfWords):
        idf = {} if model.features.idf is None else {"idf": model.features.idf}
        write_arrays(folder / "model.npz", features=np.array(model.features.names), **model.linear._asdict(), **idf)
    if isinstance(config, NGramClassifier):
        for number, class_model in enumerate(model.of_class):
            ngram_archive.save_ngram(class_model, folder / f"class_{number}.npz")
        write_arrays(folder / "model.npz", prior=model.prior)


def load_fitted(config: Any, folder: Path, data_dir: Path | None) -> Any:
    """The model that `save_fitted` wrote."""
    if not isinstance(config, BagOfWords | NGramClassifier):
        return _load_rules(config, folder, data_dir)
    with np.load(folder / "model.npz", allow_pickle=False) as npz:
        arrays = dict(npz)
    if isinstance(config, NGramClassifier):
        return ngram_classifier.ClassNGramModels(
            tuple(ngram_archive.load_ngram(folder / f"class_{i}.npz") for i in range(len(arrays["prior"]))), arrays["prior"]
        )
    return LinearModel(
        NGramFeatures(tuple(arrays["features"].tolist()), arrays.get("idf")), LinearClassifier(arrays["weights"], arrays["bias"])
    )


def _load_rules(config: Rules, folder: Path, data_dir: Path | None) -> Lexicon | RatedRules:
    lexicon, file = load_lexicon(config.lexicon, data_dir), folder / "model.npz"
    if not file.exists():
        return lexicon
    with np.load(file, allow_pickle=False) as npz:
        return RatedRules(lexicon, *npz["line"].tolist())
