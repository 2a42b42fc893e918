"""A model of a config without a store and without a sweep: parameters, a carry, and what is computed of tokens."""

from dataclasses import dataclass
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from research.api.places import data_folder
from research.config.errors import StepladderError
from research.config.schema import Config
from research.data.dataset import Dataset
from research.data.loading import load_dataset
from research.models import MODELS, has_encoder
from research.tasks.parameters import empty_carry, init_params
from research.tasks.registry import model_sizes
from research.tasks.sizes import Sizes


@dataclass(frozen=True)
class BuiltModel:
    """Pure functions of a config, made for data of these sizes."""

    config: Config
    sizes: Sizes

    def init(self, key: Key[Array, ""]) -> PyTree:
        """The parameters before training."""
        return init_params(self.config, self.sizes, key)

    def empty(self, batch: int, capacity: int = 0) -> PyTree:
        """The carry of `batch` rows before their first token.

        `capacity`: tokens that attention may look back on in later calls; 0 where one call is all.
        """
        return empty_carry(self.config, self.sizes, batch, capacity)

    def apply(
        self,
        params: PyTree,
        carry: PyTree,
        tokens: Int[Array | np.ndarray, "b t"],
        valid: Bool[Array | np.ndarray, "b t"] | None = None,
        key: Key[Array, ""] | None = None,
    ) -> tuple[PyTree, Float[Array, "b q v"]]:
        """The carry after the tokens, and logits: of a language model those of the symbol after each token, of a sentence [b 1 c].

        `valid`: False where a row has ended, as padding has. `key`: of dropout; None for none.
        """
        model = MODELS[type(self.config.model)]
        everywhere = jnp.ones(tokens.shape, bool) if valid is None else jnp.asarray(valid)
        carry, hidden, _ = model.hidden(self.config.model, params, carry, jnp.asarray(tokens), everywhere, key)
        return carry, model.logits(self.config.model, params, hidden)


def build(config: Config, data: Dataset) -> BuiltModel:
    """The model of a config for the vocabulary and lengths of a dataset.

    Raises StepladderError for one that is counted or fitted, and for one that reads a source apart.
    """
    if type(config.model) not in MODELS:
        raise StepladderError(f"A model of kind {config.model.kind} is counted or fitted, not trained by gradients: use load(...).train().")
    if has_encoder(config.model):
        raise StepladderError(
            f"A model of kind {config.model.kind} reads a source apart from what it writes, so that tokens alone do not say what it "
            "computes: use load(...).train(), or research.models.encoder_decoder."
        )
    return BuiltModel(config, model_sizes(config, data))


def load_data(config: Config, data_dir: Path | str | None = None) -> Dataset:
    """The data of a config: vocabulary, and train, valid and test as arrays. Raises StepladderError where they are not there."""
    return load_dataset(config.data, data_folder(data_dir))
