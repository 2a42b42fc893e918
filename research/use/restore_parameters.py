"""What a finished run has learned, from its folder: (config, data, folder of the run, data_dir) -> what its kind of model reads."""

from pathlib import Path
from typing import Any

import jax
from jaxtyping import PyTree

from research.classic import ngram_archive
from research.classic.ngram import NGramModel
from research.config.errors import StepladderError
from research.config.schema import Config
from research.data.dataset import Dataset
from research.tasks.parameters import init_params
from research.tasks.registry import model_sizes
from research.train import checkpoint, fitted_files
from research.train.fitted_taggers import load_tagger


def trained_parameters(config: Config, data: Dataset, folder: Path, data_dir: Path | None) -> PyTree:
    """The parameters that a trained run kept."""
    template = jax.eval_shape(lambda: init_params(config, model_sizes(config, data), jax.random.key(0)))
    return jax.device_put(checkpoint.restore_checkpoint(folder / "checkpoints", checkpoint.FINAL, template))


def ngram_counts(config: Config, data: Dataset, folder: Path, data_dir: Path | None) -> NGramModel:
    """The counts of an n-gram."""
    return ngram_archive.load_ngram(folder / "model.npz")


def fitted_sentence_model(config: Config, data: Dataset, folder: Path, data_dir: Path | None) -> Any:
    """What was fitted to sentences, or written for them."""
    return fitted_files.load_fitted(config.model, folder, data_dir)


def tagger_counts(config: Config, data: Dataset, folder: Path, data_dir: Path | None) -> Any:
    """The counts of a tagger."""
    return load_tagger(config.model, folder)


def parts_of_mixture(config: Config, data: Dataset, folder: Path, data_dir: Path | None) -> None:
    """Raises StepladderError: they are cells of their own."""
    raise StepladderError(f"{folder} is an interpolation, which keeps no parameters; name one of its parts.")
