"""What the report of transformer_parts adds: of each head that looks at the source how sharp it is, how it differs, what it is worth."""

from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from research.config.encoder_decoder import EncoderDecoderConfig, StackDecoder
from research.config.schema import Config
from research.data.batch_arrays import Batch, scored_index
from research.data.dataset import ExampleSplit
from research.execute.environment import use_compilation_cache
from research.report.sheets import Heading, Sheet, StyledText
from research.report.section import Section
from research.tasks.symbols import symbol_outcome
from research.tasks.translating import source_attention
from research.use.open_run import first_run

PAIRS = 200  # of the test split
TEXT = (
    "<p>Heads of cross-attention, the first seed that is done, over the first test pairs. Entropy: of a head's weights over the source, in "
    "nats, the mean over target positions; 0 is one place alone. Disagreement: half the summed difference between its weights and those of "
    "another head of its layer, 0 for the same and 1 for none in common, the mean over the others. Loss without it: nats a token when what "
    "the head has seen is left out (Michel et al. 2019, sec. 3.1), less the loss of the whole model.</p>"
)


class Heads(NamedTuple):
    """Of every head, layer by layer, and the loss of the whole model in nats a token."""

    entropy: Float[np.ndarray, "l h"]
    disagreement: Float[np.ndarray, "l h"]
    without: Float[np.ndarray, "l h"]
    loss: float


def analyse(manifest: dict[str, Any], runs_dir: Path, data_dir: Path | None) -> tuple[Section, ...]:
    """One table over the cells that have the whole model's parts and their own number of heads."""
    use_compilation_cache()
    entries = [entry for entry in manifest["cells"] if entry["config"] and (entry["labels"]["label"] == "whole" or _is_heads(entry))]
    heads_by_entry = [(entry, measured) for entry in entries if (measured := measure_heads(entry, Path(runs_dir), data_dir)) is not None]
    if not heads_by_entry:
        return ()
    rows = tuple(row for entry, heads in heads_by_entry for row in _rows(entry["labels"]["label"], heads))
    headings = (
        Heading("variant", numeric=False),
        Heading("layer"),
        Heading("head"),
        Heading("entropy"),
        Heading("disagreement"),
        Heading("loss without it"),
    )
    return (Section("What each head does", TEXT, Sheet("Heads", headings, rows, 3)),)


def measure_heads(entry: dict[str, Any], runs_dir: Path, data_dir: Path | None) -> Heads | None:
    """Of a cell, by its first seed that is done; None where none is."""
    run = first_run(entry, runs_dir, data_dir)
    if run is None:
        return None
    config, data, params = run.config, run.data, run.parameters
    assert isinstance(data.test, ExampleSplit)
    batch = first_pairs(data.test, PAIRS)
    model: Any = config.model
    weights = np.asarray(source_attention(model, params, batch.inputs, batch.valid, batch.source))
    loss = partial(_loss, config, batch)
    whole = float(loss(params))
    layers, heads = weights.shape[1:3]
    loss_increases = [[float(loss(without_head(model, params, layer, head))) - whole for head in range(heads)] for layer in range(layers)]
    exists = np.asarray(batch.weight) > 0
    return Heads(entropy(weights, exists), disagreement(weights, exists), np.array(loss_increases), whole)


def first_pairs(split: ExampleSplit, n: int) -> Batch:
    """The first pairs of a split as one batch."""
    index = scored_index(split.weight[:n])
    return Batch(split.inputs[:n], split.valid[:n], split.targets[:n], split.weight[:n], split.where[:n], index, split.source)


@partial(jax.jit, static_argnums=0)
def _loss(config: Config, batch: Batch, params: Any) -> Float[Array, ""]:
    nats = symbol_outcome(config, params, (), batch)[1]["nats"]
    return (nats * batch.weight).sum() / batch.weight.sum()


def without_head(model: EncoderDecoderConfig, params: Any, layer: int, head: int) -> Any:
    """The parameters with which what one head of cross-attention has seen goes nowhere."""
    decoder = model.decoder
    assert isinstance(decoder, StackDecoder), "heads are a stack's"
    blocks = list(params.decoder.blocks)
    repeat, place = divmod(layer, len(blocks))
    width = decoder.width // decoder.cross.heads
    cross = blocks[place].cross
    out = jnp.asarray(cross.out).at[repeat, head * width : (head + 1) * width].set(0)
    blocks[place] = replace(blocks[place], cross=replace(cross, out=out))
    return replace(params, decoder=replace(params.decoder, blocks=tuple(blocks)))


def entropy(weights: Float[np.ndarray, "n l h q s"], exists: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "l h"]:
    """In nats, the mean over the target positions that exist."""
    each = -(weights * np.log(np.where(weights > 0, weights, 1.0))).sum(axis=-1)
    return np.moveaxis(each, 3, 1)[exists].mean(axis=0)


def disagreement(weights: Float[np.ndarray, "n l h q s"], exists: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "l h"]:
    """Total variation distance from each other head of the layer, the mean over them; 0 where there is none."""
    layers, heads = weights.shape[1:3]
    pair_distances = np.zeros((layers, heads, heads))
    for a, b in combinations(range(heads), 2):
        distance = 0.5 * np.abs(weights[:, :, a] - weights[:, :, b]).sum(axis=-1)
        pair_distances[:, a, b] = pair_distances[:, b, a] = np.moveaxis(distance, 2, 1)[exists].mean(axis=0)
    return pair_distances.sum(axis=2) / max(1, heads - 1)


def _is_heads(entry: dict[str, Any]) -> bool:
    return str(entry["labels"]["label"]).endswith((" head", " heads"))


def _rows(label: str, measured: Heads) -> list[tuple[StyledText, ...]]:
    places = [(layer, head) for layer in range(measured.entropy.shape[0]) for head in range(measured.entropy.shape[1])]

    def texts(place: tuple[int, int]) -> tuple[StyledText, ...]:
        numbers = measured.entropy[place], measured.disagreement[place], measured.without[place]
        return *(StyledText(str(i + 1)) for i in place), *(StyledText(f"{value:.3f}") for value in numbers)

    return [(StyledText(label), *texts(place)) for place in places]
