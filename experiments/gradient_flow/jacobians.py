"""From a run to its norms by lag. Parameters before training are drawn again from the seed; those after it are restored.

Shapes: b held-out examples, t inputs (so t lags), d width, r width of the recurrent product.
"""

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from research.config.cell_identity import program_key
from research.config.mixer import LSTM
from research.config.model import LanguageModelConfig
from research.config.schema import Config
from research.data.loading import load_dataset
from research.models import MODELS
from research.nn.embedding import lookup
from research.nn.recurrent_cells import empty_recurrent, mix_recurrent, step_recurrent
from research.plan.programs import program_of
from research.tasks.cross_entropy import cross_entropy
from research.train.diagnostics import forget_products, kernel_gradients, spectral_norms, state_jacobians
from research.train.optimiser import traced_hyperparameters
from research.train.update import Member, jitted_initial_state

from .flow import EXAMPLES, checked_model


def initial_parameters(config: Config, seed: int, data_dir: Path | None) -> PyTree:
    """The parameters that a run of this seed begins with."""
    program = program_of(config, load_dataset(config.data, data_dir))
    member = Member(jnp.uint32(seed), *map(jnp.float32, traced_hyperparameters(config.optim)))
    return jitted_initial_state(program, config.model, member).params


def parameter_norms(config: Config, params: PyTree, data_dir: Path | None) -> dict[str, Float[np.ndarray, "t b"]]:
    """The norms of a model with these parameters at held-out examples. Raises StepladderError for another model or other data."""
    checked_model(config)
    tokens, targets = _held_out(load_dataset(config.data, data_dir).test)
    model = program_key(config).model
    assert isinstance(model, LanguageModelConfig)
    return {name: np.asarray(values, np.float64) for name, values in norms(model, params, tokens, targets).items()}


@partial(jax.jit, static_argnums=0)
def norms(model: LanguageModelConfig, params: Any, tokens: Int[Array, "b t"], targets: Int[Array, " b"]) -> dict[str, Float[Array, "t b"]]:
    """The norms of `Flow` for each example: spectral ones of Jacobians, Frobenius ones of gradients."""
    mixer, cell = _first_layer(model, params)
    inputs = lookup(params.embedding, tokens).swapaxes(0, 1)
    start = empty_recurrent(mixer, tokens.shape[0], tokens.shape[1], model.width)
    jacobians = state_jacobians(partial(step_recurrent, mixer, cell), start, inputs)
    parts = kernel_parts(model, params, tokens, targets)
    by_quantity = {"state": spectral_norms(jacobians), "kernel": jnp.flip(jnp.sqrt((parts**2).sum(axis=(2, 3))).T, axis=0)}
    if not isinstance(mixer, LSTM):
        return by_quantity
    observed = mix_recurrent(mixer, cell, start, inputs.swapaxes(0, 1), jnp.ones(tokens.shape, bool), observe=True)[2]
    direct = forget_products(dict(observed)["forget"].swapaxes(0, 1)).max(axis=-1)
    return by_quantity | {"cell": spectral_norms(jacobians[..., : model.width, : model.width]), "direct": direct}


def kernel_parts(model: LanguageModelConfig, params: Any, tokens: Int[Array, "b t"], targets: Int[Array, " b"]) -> Float[Array, "b t d r"]:
    """What each time step adds to the gradient of each example's loss, -log p(target | tokens), by the recurrent kernel."""
    mixer, cell = _first_layer(model, params)

    def example_parts(inputs: Array, target: Array) -> Array:
        def step(kernel: Any, state: Any, x: Any) -> Any:
            return step_recurrent(mixer, cell.replace(recurrent_kernel=kernel), state, x)

        def loss(last: Any) -> Any:
            return cross_entropy(MODELS[LanguageModelConfig].logits(model, params, last.h), target[None])[0]

        start = empty_recurrent(mixer, 1, tokens.shape[1], model.width)
        return kernel_gradients(step, loss, cell.recurrent_kernel, start, inputs[:, None])

    return jax.vmap(example_parts)(lookup(params.embedding, tokens), targets)


def _first_layer(model: LanguageModelConfig, params: Any) -> tuple[Any, Any]:
    return model.mixer, jax.tree.map(lambda leaf: leaf[0], params.blocks[0].mixer)


def _held_out(split: Any) -> tuple[Int[np.ndarray, "b t"], Int[np.ndarray, " b"]]:
    """The first test examples of the longest distance: every input exists, and the last one asks."""
    longest = split.valid.all(axis=1)
    return split.inputs[longest][:EXAMPLES], split.targets[longest][:EXAMPLES, 0]
