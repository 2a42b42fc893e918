"""What a finished language model or translator knows, from its folder."""

from pathlib import Path
from typing import Any

import jax

from research.classic import archive
from research.config.errors import StepladderError
from research.config.model import NGram
from research.config.schema import Config
from research.data.dataset import Dataset
from research.launch.plan import sizes
from research.results import store
from research.tasks.language_modelling import init
from research.train import checkpoint


def check_done(folder: Path) -> None:
    """Raises StepladderError for a run that is not."""
    if store.status_of(folder) != "done":
        raise StepladderError(f"{folder} is not done, so it has no parameters to draw from; run it to its end first.")


def parameters(config: Config, data: Dataset, folder: Path) -> Any:
    """Of a trained run the parameters that it kept; of an n-gram its counts."""
    if isinstance(config.model, NGram):
        return archive.load(folder / "model.npz")
    template = jax.eval_shape(lambda: init(config, sizes(config, data), jax.random.key(0)))
    return jax.device_put(checkpoint.restore(folder / "checkpoints", checkpoint.FINAL, template))
