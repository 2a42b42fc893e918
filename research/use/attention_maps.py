"""Attention maps of finished runs, for reports: parameters restored, one test item run, its weights drawn."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from research.compare.cell_labels import find_indices, place_text
from research.compare.cells import axes_of
from research.config.errors import StepladderError
from research.data.dataset import Dataset, TextSplit
from research.models.observe import attention_maps
from research.report.heat_map import heat_map
from research.report.section import Section
from research.tasks.registry import model_sizes
from research.use.open_run import OpenRun, first_run


class AttentionMap(NamedTuple):
    """The attention weights of a test item under one run; `symbols` are its inputs."""

    weights: Float[np.ndarray, "layers h t t"]
    symbols: tuple[str, ...]
    seed: int


def read_attention_map(entry: dict[str, Any], runs_dir: Path, data_dir: Path | None, item: int = 0) -> AttentionMap | None:
    """Of a cell of a manifest, by its first seed that is done; None where none is. `item`: the number of a test example, or of a line."""
    run = first_run(entry, runs_dir, data_dir)
    return None if run is None else attention_map_of(run, item)


def attention_map_of(run: OpenRun, item: int = 0) -> AttentionMap:
    """The weights of a run at a test item."""
    tokens = _inputs(run.data, item)[: model_sizes(run.config, run.data).length]
    weights = attention_maps(run.config.model, run.parameters, tokens, np.ones(len(tokens), bool))
    return AttentionMap(weights, tuple(run.vocabulary.types[token] for token in tokens), run.seed)


def attention_section(
    manifest: dict[str, Any],
    runs_dir: Path,
    data_dir: Path | None,
    labels: str | dict[str, Any] | None = None,
    item: int = 0,
    layer: int = -1,
) -> Section:
    """The map of every head of one layer, by default the last, under the cell that `labels` name, by default the first.

    Raises StepladderError where no seed of that cell is done.
    """
    axes = axes_of(manifest)
    row_labels = [entry["labels"] for entry in manifest["cells"]]
    entry = manifest["cells"][0 if labels is None else find_indices(row_labels, labels, *axes)[0]]
    row_name, attention_map = place_text(entry["labels"], *axes), read_attention_map(entry, Path(runs_dir), data_dir, item)
    if attention_map is None:
        raise StepladderError(f"No run of {row_name} is done, so it has no attention map. Launch the sweep first.")
    number = range(len(attention_map.weights))[layer] + 1
    caption = f"A row a query, a column a key. Layer {number} of {len(attention_map.weights)}, seed {attention_map.seed}, test item {item}."
    name = f"attention-{entry['cell_id']}-{number}-{item}"
    title = f"Attention of {row_name}"
    return Section(
        title, picture=heat_map(name, title, attention_map.weights[layer], attention_map.symbols, attention_map.symbols, caption)
    )


def _inputs(data: Dataset, item: int) -> np.ndarray:
    """The inputs of a test item: an example as it is, a line from the end of the line before it on."""
    if not isinstance(data.test, TextSplit):
        return data.test.inputs[item][data.test.valid[item]]
    line = data.test.tokens[data.test.sentence == item]
    return np.concatenate([[data.eos], line[:-1]]).astype(np.int32)
