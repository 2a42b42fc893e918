"""What a finished run can do, by its kind of model: one entry for each, in `FINISHED`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from research.config.classify import (
    BagOfWords,
    ClassifierConfig,
    CommonestTag,
    HiddenMarkov,
    NGramClassifier,
    RegressorConfig,
    TokenEncoderConfig,
)
from research.config.encoder_decoder import EncoderDecoderConfig
from research.config.errors import StepladderError
from research.config.model import FeedForwardLMConfig, Interpolation, LanguageModelConfig, NGram
from research.config.node import Node
from research.config.rules import Rules
from research.config.schema import Config
from research.data.dataset import Dataset
from research.runs import store
from research.use import restore_parameters as restore
from research.use.completion_answers import COUNTED_COMPLETIONS, TRAINED_COMPLETIONS, CompletionAnswers
from research.use.continuations import GenerationRequest, GenerationResult, continue_by_counts, continue_by_model
from research.use.finished_run import FinishedRun
from research.use.sentence_answers import (
    FITTED_CLASSES,
    FITTED_NUMBERS,
    TRAINED_CLASSES,
    TRAINED_NUMBERS,
    ClassAnswers,
    NumberAnswers,
)
from research.use.tag_answers import TagAnswers, counted_tags, trained_tags

Continue = Callable[[FinishedRun, Sequence[np.ndarray], int | None, GenerationRequest], GenerationResult]
Refusal = str  # what a model is, and why it cannot do a thing that is asked of its data: the end of an error, without a full stop


class FinishedKind(NamedTuple):
    """What a kind of model can do once it has learned; None where its data are never asked for it. Nothing has a default.

    restore(config, data, folder, data_dir) -> what was learned
    continue_texts(run, the symbols of each prompt, the symbol that ends a text or None, request) -> texts
    completions: how those of prompts are scored
    classes, numbers: how sentences are answered
    tags(run, sentences) -> the log-probabilities of the tags of each word
    """

    restore: Callable[[Config, Dataset, Path, Path | None], Any]
    continue_texts: Continue | Refusal | None
    completions: CompletionAnswers | Refusal | None
    classes: ClassAnswers | None
    numbers: NumberAnswers | None
    tags: TagAnswers | None


def _language_model(
    load: Callable[[Config, Dataset, Path, Path | None], Any], go_on: Continue | Refusal, completions: CompletionAnswers | Refusal
) -> FinishedKind:
    return FinishedKind(load, go_on, completions, None, None, None)


def _sentence_model(
    load: Callable[[Config, Dataset, Path, Path | None], Any], classes: ClassAnswers | None, numbers: NumberAnswers | None
) -> FinishedKind:
    return FinishedKind(load, None, None, classes, numbers, None)


_SEES_AROUND = "a token_encoder, which sees a whole window at once; name a run that reads from the left"
_TRAINED_TEXT = _language_model(restore.trained_parameters, continue_by_model, TRAINED_COMPLETIONS)
_COUNTED_TAGGER = FinishedKind(restore.tagger_counts, None, None, None, None, counted_tags)
FINISHED: dict[type[Node], FinishedKind] = {
    LanguageModelConfig: _TRAINED_TEXT,
    FeedForwardLMConfig: _TRAINED_TEXT,
    EncoderDecoderConfig: FinishedKind(restore.trained_parameters, continue_by_model, None, None, None, None),
    NGram: _language_model(restore.ngram_counts, continue_by_counts, COUNTED_COMPLETIONS),
    Interpolation: _language_model(
        restore.parts_of_mixture,
        "an interpolation, which scores text and draws none; name one of its parts",
        "an interpolation, which keeps no model that reads a prompt; name one of its parts",
    ),
    TokenEncoderConfig: FinishedKind(restore.trained_parameters, _SEES_AROUND, _SEES_AROUND, None, None, trained_tags),
    CommonestTag: _COUNTED_TAGGER,
    HiddenMarkov: _COUNTED_TAGGER,
    ClassifierConfig: _sentence_model(restore.trained_parameters, TRAINED_CLASSES, None),
    RegressorConfig: _sentence_model(restore.trained_parameters, None, TRAINED_NUMBERS),
    Rules: _sentence_model(restore.fitted_sentence_model, FITTED_CLASSES, FITTED_NUMBERS),
    BagOfWords: _sentence_model(restore.fitted_sentence_model, FITTED_CLASSES, FITTED_NUMBERS),
    NGramClassifier: _sentence_model(restore.fitted_sentence_model, FITTED_CLASSES, None),
}


def finished_kind(model: Node) -> FinishedKind:
    """The entry of a model."""
    return FINISHED[type(model)]


def learned_by(config: Config, data: Dataset, folder: Path, data_dir: Path | None) -> Any:
    """Of a trained run the parameters that it kept, of an n-gram its counts, of another classifier what was fitted.

    Raises StepladderError for a run that keeps none: a row of folds, a mixture, or a record that came without its parameters.
    """
    if config.pooled:
        folds = (store.read_result(folder) or {}).get("folds", ())
        raise StepladderError(f"{folder} is a row of folds, each of which has a model of its own; name one of them: {', '.join(folds)}.")
    try:
        return finished_kind(config.model).restore(config, data, folder, data_dir)
    except FileNotFoundError as error:
        raise StepladderError(
            f"{folder} has no {Path(error.filename or 'model.npz').name}: it is a record without what was fitted, as packs hold it. Ask "
            f"for a pack that was made with --checkpoints and merge it, or do the run here with --rerun {folder.parent.name}."
        ) from None
