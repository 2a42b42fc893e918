"""A generative classifier: an n-gram language model for each class, and Bayes' rule."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from research.classic import ngram
from research.config.classify import NGramClassifier
from research.config.model import NGram
from research.text.vocabulary import Vocabulary


class ClassNGramModels(NamedTuple):
    """A language model for each class, and the log-probability of each class."""

    of_class: tuple[ngram.NGramModel, ...]
    prior: Float[np.ndarray, " c"]


def fit_class_ngrams(
    config: NGramClassifier, vocabulary: Vocabulary, sentences: Sequence[Sequence[str]], labels: Int[np.ndarray, " n"], classes: int
) -> ClassNGramModels:
    """Every class over the same vocabulary, so that their probabilities compare. Raises StepladderError for a class without sentences."""
    language_model = NGram(kind="ngram", order=config.order, smoothing=config.smoothing)
    assert vocabulary.eos is not None

    def class_tokens(c: int) -> Int[np.ndarray, " m"]:
        return _token_stream(vocabulary, [sentence for sentence, label in zip(sentences, labels, strict=True) if label == c])

    models = tuple(ngram.fit_ngram(language_model, class_tokens(c), vocabulary.size, vocabulary.eos) for c in range(classes))
    return ClassNGramModels(models, np.log(np.bincount(labels, minlength=classes) / len(labels)))


def log_joint(model: ClassNGramModels, vocabulary: Vocabulary, sentences: Sequence[Sequence[str]]) -> Float[np.ndarray, "n c"]:
    """log p(class) + log p(sentence | class), its end included."""
    tokens = _token_stream(vocabulary, sentences)
    row = np.repeat(np.arange(len(sentences)), [len(sentence) + 1 for sentence in sentences])

    def sentence_log_probabilities(language_model: ngram.NGramModel) -> Float[np.ndarray, " n"]:
        return np.bincount(row, ngram.log_probabilities(language_model, tokens), minlength=len(sentences))

    return model.prior[None] + np.stack([sentence_log_probabilities(language_model) for language_model in model.of_class], axis=1)


def word_log_probabilities(model: ClassNGramModels, vocabulary: Vocabulary, sentence: Sequence[str]) -> Float[np.ndarray, "t c"]:
    """log p(word | the words before it, class) of each word of a sentence and of its end."""
    tokens = _token_stream(vocabulary, [sentence])
    return np.stack([ngram.log_probabilities(language_model, tokens) for language_model in model.of_class], axis=1)


def _token_stream(vocabulary: Vocabulary, sentences: Sequence[Sequence[str]]) -> Int[np.ndarray, " m"]:
    """The sentences as one text."""
    assert vocabulary.eos is not None
    end = vocabulary.types[vocabulary.eos]
    return vocabulary.numbers(word for sentence in sentences for word in (*sentence, end))
