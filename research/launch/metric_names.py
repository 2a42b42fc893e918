"""The names of the metrics that a run of a config will have, known before it is trained: by its config alone, or with its data too."""

import numpy as np

from research.config.model_facts import model_facts
from research.config.schema import Config
from research.data.dataset import Dataset
from research.launch.token_membership import token_membership
from research.results.corpus_scores import CORPUS, DIVERSITIES, MEANS
from research.results.measures import PROMPTS
from research.tasks.classifying import has_probabilities
from research.train.evaluate import SplitScores, compute_metrics

ANY_GROUP = "_at_*"
BITS = ("bits_per_character", "bits_per_byte")
PROMPT_METRICS = ("perplexity", "bits_per_character", "exact_match", "preferred")
ALIGNMENT = ("alignment_accuracy", "alignment_entropy")


def metric_names(config: Config) -> frozenset[str]:
    """The metrics of `valid` and `test` by the config alone, such as `test.perplexity`; a group is `_at_*`."""
    shared_names = (*_loss_names(config), *_accuracy_names(config))
    return frozenset(f"{split}.{name}" for split in ("valid", "test") for name in shared_names) | {
        f"test.{name}" for name in _test_names(config)
    }


def valid_names(config: Config, data: Dataset) -> set[str]:
    """The metrics of validation that a run of this config has; none where a fold is trained without validation."""
    belonging = token_membership(data, "valid")
    n = len(belonging.items)
    if not n:
        return set()
    nats = np.zeros(n) if _has_loss(config) else None
    correct = np.zeros(n, bool) if _has_accuracy(config) else None
    likeliest = None if belonging.groups is None else np.zeros(n, np.int32)
    return {f"valid.{name}" for name in compute_metrics(SplitScores(nats, correct, likeliest), config.data, belonging)}


def _has_loss(config: Config) -> bool:
    """Whether the model gives what is scored a probability."""
    return not config.fitted or config.data.asks != "classes" or has_probabilities(config.model)


def _has_accuracy(config: Config) -> bool:
    """Whether it is known of the model what it holds for the likeliest."""
    return model_facts(config.model).likeliest(config.data)


def _loss_names(config: Config) -> tuple[str, ...]:
    if not _has_loss(config):
        return ()
    bits = BITS if config.data.reads == "text" else ()
    return ("loss", *(() if config.data.asks == "classes" else ("perplexity",)), *bits)


def _accuracy_names(config: Config) -> tuple[str, ...]:
    if not _has_accuracy(config):
        return ()
    return ("accuracy", f"accuracy{ANY_GROUP}", *(("macro_f1",) if config.data.asks == "classes" else ()))


def _test_names(config: Config) -> list[str]:
    names = [f"perplexity_at_{window}" for window in config.eval.also if config.trained]
    names += [f"{name}_at_{config.eval.misspelt:g}_misspelt" for name in BITS] if config.eval.misspelt else []
    names += [f"{name}{PROMPTS}" for name in PROMPT_METRICS] if config.eval.prompts else []
    if config.data.asks == "targets" and config.trained:
        texts = (*CORPUS, *MEANS)
        names += [*texts, *(f"{name}{ANY_GROUP}" for name in texts), *ALIGNMENT]
        names += DIVERSITIES if config.decode.texts_per_source > 1 else ()
    return names
