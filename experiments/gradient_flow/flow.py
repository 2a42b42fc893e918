"""From the runs of the sweep to norms by lag. Parameters before training are drawn again from the seed; those after it are restored.

Shapes: b held-out examples, t inputs (so t lags), d width, r width of the recurrent product.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from research.config.cell_identity import program_key
from research.config.errors import StepladderError
from research.config.generated import AgreementTask
from research.config.loader import config_from_tree
from research.config.mixer import LSTM, Elman
from research.config.model import LanguageModelConfig, NoFeedForward, NoNorm
from research.config.schema import Config
from research.data.loading import load_dataset
from research.models import MODELS
from research.nn.embedding import lookup
from research.nn.recurrent_cells import empty_recurrent, mix_recurrent, step_recurrent
from research.plan.programs import program_of
from research.runs.store import cell_folder
from research.tasks.cross_entropy import cross_entropy
from research.train.diagnostics import forget_products, kernel_gradients, spectral_norms, state_jacobians
from research.train.optimiser import traced_hyperparameters
from research.train.update import Member, jitted_initial_state
from research.use.open_run import first_finished_seed, open_run

EXAMPLES = 8  # held-out examples of the longest distance
Norms = dict[str, Float[np.ndarray, "n t b"]]  # by quantity; n seeds


@dataclass(frozen=True)
class Flow:
    """A cell: its norms before training and, of the seeds that are done, after it.

    `state`: d s_T / d s_{T-lag}. `cell` and `direct`, of an LSTM: d c_T / d c_{T-lag}, and its part through the forget gates alone. These
    start at lag 1. `kernel`: the part in dL_T/dW of the step that is 0, 1, ... before the last.
    """

    cell_id: str
    label: str
    mixer: Elman | LSTM
    seeds: tuple[int, ...]
    before: Norms
    after: Norms  # empty where no seed is done


def measure_flow(entry: dict[str, Any], runs_dir: Path, data_dir: Path | None) -> Flow:
    """The norms of one cell of a manifest. Raises StepladderError for a model or data that they are not made for."""
    config = config_from_tree(entry["config"], f"the cell {entry['cell_id']} of the manifest")
    model, data = _checked(config), load_dataset(config.data, data_dir)
    tokens, targets = _held_out(data.test)
    program = program_of(config, data)
    shared = program_key(config).model
    assert isinstance(model.mixer, Elman | LSTM)
    before, after = [], []
    for seed in entry["seeds"]:
        member = Member(jnp.uint32(seed), *map(jnp.float32, traced_hyperparameters(config.optim)))
        drawn = jitted_initial_state(program, model, member).params
        before.append(norms(shared, drawn, tokens, targets))
        if first_finished_seed(cell_folder(runs_dir, entry["cell_id"]), [seed]) is not None:
            trained = open_run(runs_dir, f"{entry['cell_id']}/{seed}", data_dir).parameters
            after.append(norms(shared, trained, tokens, targets))
    label = str(entry["labels"]["label"])
    return Flow(entry["cell_id"], label, model.mixer, tuple(entry["seeds"]), _stacked(before), _stacked(after))


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


def _stacked(norms_by_seed: list[Any]) -> Norms:
    return {
        name: np.stack([np.asarray(seed_norms[name], np.float64) for seed_norms in norms_by_seed])
        for name in (norms_by_seed[0] if norms_by_seed else ())
    }


def _checked(config: Config) -> LanguageModelConfig:
    model = config.model
    bare = isinstance(model, LanguageModelConfig) and model.layers == 1 and not model.residual
    bare = bare and isinstance(model.norm, NoNorm) and isinstance(model.feed_forward, NoFeedForward)  # type: ignore[union-attr]
    if not bare or not isinstance(model.mixer, Elman | LSTM) or not isinstance(config.data, AgreementTask):  # type: ignore[union-attr]
        raise StepladderError(
            "gradient_flow takes apart one bare recurrent layer on data.kind = agreement: model.layers = 1, mixer elman or lstm, norm "
            "none, residual = false, feed_forward none. Leave these words as the preset has them; width, distances and training are free."
        )
    assert isinstance(model, LanguageModelConfig)
    return model
