"""Norms by lag of the cells of the sweep, as the records hold them.

Shapes: n seeds, t lags, b held-out examples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from research.analyses.analysis import Measured
from research.config.errors import StepladderError
from research.config.generated import AgreementTask
from research.config.loader import config_from_tree
from research.config.mixer import LSTM, Elman
from research.config.model import LanguageModelConfig, NoFeedForward, NoNorm
from research.config.schema import Config
from research.runs.records import CellEntry

EXAMPLES = 8  # held-out examples of the longest distance
Norms = dict[str, Float[np.ndarray, "n t b"]]  # by quantity; n seeds


@dataclass(frozen=True)
class Flow:
    """A cell: its norms before training of the seeds that came to their end, and of those that are done after it.

    `state`: d s_T / d s_{T-lag}. `cell` and `direct`, of an LSTM: d c_T / d c_{T-lag}, and its part through the forget gates alone. These
    start at lag 1. `kernel`: the part in dL_T/dW of the step that is 0, 1, ... before the last.
    """

    cell_id: str
    label: str
    mixer: Elman | LSTM
    seeds: tuple[int, ...]
    before: Norms
    after: Norms  # empty where no seed is done


def config_of(entry: CellEntry) -> Config:
    """The config of a cell of a manifest."""
    return config_from_tree(dict(entry["config"]), f"the cell {entry['cell_id']} of the manifest")


def read_flows(measured: Sequence[Measured]) -> list[Flow]:
    """A flow a cell, in order, with the seeds that the record holds. An array is called `before.state`, of shape [t b]."""
    by_cell: dict[str, list[Measured]] = {}
    for each in measured:
        by_cell.setdefault(each.unit.entry["cell_id"], []).append(each)
    return [_flow(members) for members in by_cell.values()]


def _flow(members: Sequence[Measured]) -> Flow:
    entry = members[0].unit.entry
    mixer = checked_model(config_of(entry)).mixer
    assert isinstance(mixer, Elman | LSTM)
    seeds = tuple(unit.seed for unit, _ in members if unit.seed is not None)
    arrays = [measurement.arrays for _, measurement in members]
    before, after = (_stacked(arrays, f"{when}.") for when in ("before", "after"))
    return Flow(entry["cell_id"], str(entry["labels"]["label"]), mixer, seeds, before, after)


def _stacked(arrays: Sequence[Mapping[str, np.ndarray]], prefix: str) -> Norms:
    """The norms of the seeds that have them."""
    with_prefix = [each for each in arrays if any(name.startswith(prefix) for name in each)]
    names = [name for name in (with_prefix[0] if with_prefix else ()) if name.startswith(prefix)]
    return {name.removeprefix(prefix): np.stack([each[name] for each in with_prefix]) for name in names}


def is_bare_layer(config: Config) -> bool:
    """Whether it is one recurrent layer with nothing around it, on the agreement task."""
    model = config.model
    bare = isinstance(model, LanguageModelConfig) and model.layers == 1 and not model.residual
    bare = bare and isinstance(model.norm, NoNorm) and isinstance(model.feed_forward, NoFeedForward)  # type: ignore[union-attr]
    return bare and isinstance(model.mixer, Elman | LSTM) and isinstance(config.data, AgreementTask)  # type: ignore[union-attr]


def checked_model(config: Config) -> LanguageModelConfig:
    """The model of a bare layer. Raises StepladderError for another."""
    if not is_bare_layer(config):
        raise StepladderError(
            "gradient_flow takes apart one bare recurrent layer on data.kind = agreement: model.layers = 1, mixer elman or lstm, norm "
            "none, residual = false, feed_forward none. Leave these words as the preset has them; width, distances and training are free."
        )
    assert isinstance(config.model, LanguageModelConfig)
    return config.model
