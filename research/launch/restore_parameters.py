"""What a finished run has learned, from its folder."""

from pathlib import Path
from typing import Any

import jax

from research.classic import ngram_archive
from research.config.errors import StepladderError
from research.config.model import Interpolation, NGram
from research.config.schema import Config
from research.data.dataset import Dataset
from research.results import store
from research.tasks.parameters import init_params
from research.tasks.registry import model_sizes
from research.tasks.tag_counting import COUNTED_TAGGERS
from research.train import checkpoint, fitted_files
from research.train.fitted_taggers import load_tagger


def restore_parameters(config: Config, data: Dataset, folder: Path, data_dir: Path | None) -> Any:
    """Of a trained run the parameters that it kept, of an n-gram its counts, of another classifier what was fitted."""
    if config.pooled:
        folds = (store.read_result(folder) or {}).get("folds", ())
        raise StepladderError(f"{folder} is a row of folds, each of which has a model of its own; name one of them: {', '.join(folds)}.")
    if isinstance(config.model, Interpolation):
        raise StepladderError(f"{folder} is an interpolation, which keeps no parameters; name one of its parts.")
    if isinstance(config.model, NGram):
        return ngram_archive.load_ngram(folder / "model.npz")
    if type(config.model) in COUNTED_TAGGERS:
        return load_tagger(config.model, folder)  # type: ignore[arg-type]
    if not config.trained:
        return fitted_files.load_fitted(config.model, folder, data_dir)
    template = jax.eval_shape(lambda: init_params(config, model_sizes(config, data), jax.random.key(0)))
    return jax.device_put(checkpoint.restore_checkpoint(folder / "checkpoints", checkpoint.FINAL, template))
