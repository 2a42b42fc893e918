"""What does each layer of a finished run know? Frozen layers read sentences, and a softmax regression is asked for the class of each, or
for the tag of each word.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32, Int32

from research.compare.statistics import Items
from research.config.data_kind import Asks
from research.config.errors import StepladderError
from research.config.loader import with_overrides
from research.config.merge import DATA_KINDS
from research.config.plain import Tree
from research.config.schema import Config
from research.config.sentences import Labelled
from research.config.serialise import to_tree
from research.config.sweep import TableLayout
from research.data.dataset import Dataset
from research.data.loading import load_dataset
from research.data.sentence_dataset import symbol_numbers
from research.models.layers import layer_names, layer_vectors
from research.report.study import Study, StudyCell
from research.tasks.probing import ProbeResult, commonest, linear_probe
from research.use.frozen_model import Frozen, accuracy_figure, frozen_model, probe_study, reach
from research.use.open_run import OpenRun
from research.use.probe_words import probe_words

ROWS = 64  # sentences at a time
SPLITS = ("train", "valid", "test")
MAJORITY = "majority"
TABLE = TableLayout(
    rows="layer", metrics=("test.loss", "extra.valid_accuracy", "extra.l2", "extra.width"), baseline=MAJORITY, figure="none"
)
BAND = "95% Wilson interval over test sentences."


def probe_run(run: OpenRun, overrides: Sequence[str], data_dir: Path | None) -> Study:
    """A row for every layer, and one for the class that most training sentences have; of tags see `probe_words`.

    `overrides`: of the labelled or tagged data. Raises StepladderError for a run that is not done or has no layers, and where no such data
    are named.
    """
    frozen = frozen_model(run)
    config = probed_config(frozen.config, overrides)
    if config.data.asks == "tags":
        return probe_words(run, frozen, config, overrides, data_dir)
    assert config.data.asks == "classes", "checked with the config"
    names, data = layer_names(frozen.config.model), load_dataset(config.data, data_dir)
    width, began = _width(frozen, config.data), time.perf_counter()
    rows = {split: _rows(frozen, data, split) for split in SPLITS}
    vectors = {split: layer_features(frozen, rows[split], width) for split in SPLITS}
    seconds = (time.perf_counter() - began) / len(names)
    labels = {split: data.sentences[split].labels for split in SPLITS}
    probes, times = {}, {}
    for number, name in enumerate(names):
        began = time.perf_counter()
        train, valid, test = ((vectors[split][number], labels[split]) for split in SPLITS)
        probes[name] = linear_probe(train, valid, test, len(data.classes))
        times[name] = time.perf_counter() - began + seconds
    majority = _items(_majority(data, labels), labels["test"])
    cells = [_measured_cell(MAJORITY, majority, {})]
    for number, (name, layer_probe) in enumerate(probes.items()):
        extra = {"valid_accuracy": layer_probe.valid_accuracy, "l2": layer_probe.l2, "width": float(vectors["test"][number].shape[1])}
        cells.append(_measured_cell(name, _items(layer_probe, labels["test"]), extra, times[name]))
    layers = [_items(layer_probe, labels["test"]) for layer_probe in probes.values()]
    picture = accuracy_figure(run.cell_id, layers, {MAJORITY: majority}, BAND)
    return probe_study(run, config, overrides, data.digest, TABLE, cells, picture)


def probed_config(config: Config, overrides: Sequence[str]) -> Config:
    """What is to be told: the run's own sentences, or those that its text is of, with the command's changes, or the command's."""
    for override in overrides:
        if not override.startswith("data."):
            raise StepladderError(
                f"{override}: a probe has no config but its labelled data; its words are data.kind=..., data.length=... ."
            )
    own = config.data.annotated
    if own is None and not overrides:
        raise StepladderError(f"The run read {config.data.kind}, which has no classes: name labelled data, as data.kind=sst2 or vader.")
    kinds = [override.partition("=")[2].strip("'\" ") for override in overrides if override.partition("=")[0].strip() == "data.kind"]
    asks = DATA_KINDS[kinds[-1]].asks if kinds and kinds[-1] in DATA_KINDS else own.asks if own is not None else "classes"
    tree: Tree = {} if own is None else {"data": to_tree(Config.model_validate({"data": own, "model": _reader(own.asks)}))["data"]}
    return with_overrides(tree | {"model": _reader(asks)}, overrides)


def _reader(asks: Asks) -> Tree:
    """The model of a config of such data."""
    return {"kind": "token_encoder" if asks == "tags" else "classifier"}


def layer_features(
    frozen: Frozen, rows: Sequence[Int32[np.ndarray, "_"]], width: int, at_once: int = ROWS
) -> list[Float32[np.ndarray, "n _"]]:
    """The vectors of every layer for each row of symbols, of which the first `width` are read; neither `width`, where it is enough, nor
    `at_once` changes them."""
    batches = []
    lead = 0 if frozen.start is None else 1
    for begin in range(0, len(rows), at_once):
        tokens, valid = np.zeros((at_once, lead + width), np.int32), np.zeros((at_once, lead + width), bool)
        for row, symbols in enumerate(rows[begin : begin + at_once]):
            ids = [*([] if frozen.start is None else [frozen.start]), *symbols[:width]]
            tokens[row, : len(ids)], valid[row, : len(ids)] = ids, True
        pooled = valid.copy()
        pooled[:, :lead] = False
        layers = layer_vectors(frozen.config.model, frozen.params, jnp.asarray(tokens), jnp.asarray(valid), jnp.asarray(pooled))
        batches.append([np.asarray(layer) for layer in layers])
    return [np.concatenate(parts)[: len(rows)] for parts in zip(*batches, strict=True)]


def _rows(frozen: Frozen, data: Dataset, split: str) -> list[Int32[np.ndarray, "_"]]:
    """The sentences in the symbols of the run."""
    return symbol_numbers(frozen.data.vocabulary, data.sentences[split].words)


def _width(frozen: Frozen, labelled: Labelled) -> int:
    """How many symbols are read of a sentence: data.length, or as many as learned positions reach."""
    last = reach(frozen)
    return labelled.length if last is None else min(labelled.length, last)


def _majority(data: Dataset, labels: dict[str, np.ndarray]) -> ProbeResult:
    """The training class that is commonest, and the classes' shares as beliefs, add-one smoothed."""
    counts = np.bincount(labels["train"], minlength=len(data.classes)) + 1
    chosen = commonest(labels["train"], len(data.classes))
    nats = -np.log(counts / counts.sum())[labels["test"]]
    return ProbeResult(0.0, float((labels["valid"] == chosen).mean()), nats, np.full(len(nats), chosen))


def _items(layer_probe: ProbeResult, labels: Int32[np.ndarray, " n"]) -> Items:
    correct = (layer_probe.predicted == labels).astype(np.float64)
    return Items(np.arange(len(labels)), np.ones(len(labels), np.int64), {"loss": layer_probe.nats.astype(np.float64), "correct": correct})


def _measured_cell(name: str, items: Items, extra: dict[str, float], seconds: float | None = None) -> StudyCell:
    test = {"accuracy": float(np.mean(items.fields["correct"])), "loss": float(np.mean(items.fields["loss"]))}
    return StudyCell({"layer": name}, {0: test}, extra, {0: items}, seconds)
