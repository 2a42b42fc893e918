"""What does each layer of a finished run know? Frozen layers read labelled sentences, and a softmax regression is asked for the class."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32, Float64, Int32

from research.config.classify import ClassifierConfig, SentenceModel
from research.config.data import Labelled, Unlabelled
from research.config.errors import StepladderError
from research.config.loader import with_overrides
from research.config.model import StackConfig
from research.config.schema import Config
from research.config.serialise import to_tree
from research.config.sweep import TableLayout
from research.data.dataset import Dataset
from research.data.loading import load_dataset
from research.data.sentence_dataset import symbol_numbers
from research.launch.open_run import OpenRun
from research.models.layers import layer_names, layer_vectors
from research.results.item_tests import item_interval
from research.results.plots import Picture, Series, line_plot
from research.results.report import Section
from research.results.statistics import Interval, Items
from research.results.study import Study, StudyCell
from research.tasks.probing import ProbeResult, commonest, linear_probe
from research.tasks.registry import model_sizes

ROWS = 64  # sentences at a time
SPLITS = ("train", "valid", "test")
MAJORITY = "majority"
TABLE = TableLayout(
    rows="layer", metrics=("test.loss", "extra.valid_accuracy", "extra.l2", "extra.width"), baseline=MAJORITY, figure="none"
)


class Frozen(NamedTuple):
    """A trained model. `start`: what stands before a sentence, the line's end of a language model; None where nothing does."""

    config: Config
    params: Any
    data: Dataset  # that it was trained on
    start: int | None


def probe_run(run: OpenRun, overrides: Sequence[str], data_dir: Path | None) -> Study:
    """A row for every layer, and one for the class that most training sentences have. `overrides`: of the labelled data.

    Raises StepladderError for a run that is not done or has no layers, and where no labelled data are named.
    """
    frozen = _frozen(run)
    config = labelled_config(frozen.config, overrides)
    assert isinstance(config.data, Labelled), "checked with the config"
    names, data = layer_names(frozen.config.model), load_dataset(config.data, data_dir)
    width, began = _width(frozen, config.data, data), time.perf_counter()
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
    majority = _majority(data, labels)
    cells = [_measured_cell(MAJORITY, majority, labels["test"], {})]
    for number, (name, layer_probe) in enumerate(probes.items()):
        extra = {"valid_accuracy": layer_probe.valid_accuracy, "l2": layer_probe.l2, "width": float(vectors["test"][number].shape[1])}
        cells.append(_measured_cell(name, layer_probe, labels["test"], extra, times[name]))
    request = {"run": run.cell_id, "seed": run.folder.name, "data": to_tree(config)["data"]}
    return Study(
        name=f"probe_{run.cell_id}",
        question=f"What does each layer of {run.cell_id} ({frozen.config.model.kind}) know of {config.data.kind}?",
        preset="",
        settings=request,
        digest=data.digest,
        table=TABLE,
        metric="test.accuracy",
        cells=tuple(cells),
        sections=(Section("By layer", picture=_accuracy_figure(run.cell_id, probes, majority, labels["test"])),),
        command=" ".join(["stepladder probe", f"{run.cell_id}/{run.folder.name}", *overrides]),
    )


def labelled_config(config: Config, overrides: Sequence[str]) -> Config:
    """What is to be told apart: the run's own sentences, or those that its text is of, with the command's changes, or the command's."""
    for override in overrides:
        if not override.startswith("data."):
            raise StepladderError(
                f"{override}: a probe has no config but its labelled data; its words are data.kind=..., data.length=... ."
            )
    labelled = config.data.of if isinstance(config.data, Unlabelled) else config.data if isinstance(config.data, Labelled) else None
    if labelled is None and not overrides:
        raise StepladderError(f"The run read {config.data.kind}, which has no classes: name labelled data, as data.kind=sst2 or vader.")
    tree = {} if labelled is None else {"data": to_tree(Config(data=labelled, model=ClassifierConfig(kind="classifier")))["data"]}
    return with_overrides(tree | {"model": {"kind": "classifier"}}, overrides)


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


def _frozen(run: OpenRun) -> Frozen:
    layer_names(run.config.model)
    if not isinstance(run.config.model, SentenceModel) and run.data.eos is None:
        raise StepladderError(
            f"{run.cell_id} was trained on {run.config.data.kind}, whose symbols are no words; name a run on text or sentences."
        )
    return Frozen(run.config, run.parameters, run.data, None if isinstance(run.config.model, SentenceModel) else run.data.eos)


def _rows(frozen: Frozen, data: Dataset, split: str) -> list[Int32[np.ndarray, "_"]]:
    """The sentences in the symbols of the run."""
    return symbol_numbers(frozen.data.vocabulary, data.sentences[split].words)


def _width(frozen: Frozen, labelled: Labelled, data: Dataset) -> int:
    """How many symbols are read of a sentence: data.length, or as many as learned positions reach."""
    model = frozen.config.model.encoder if isinstance(frozen.config.model, SentenceModel) else frozen.config.model
    reach = model_sizes(frozen.config, frozen.data).length if isinstance(model, StackConfig) and not model.position.extrapolates else None
    return labelled.length if reach is None else min(labelled.length, reach - (frozen.start is not None))


def _majority(data: Dataset, labels: dict[str, np.ndarray]) -> ProbeResult:
    """The training class that is commonest, and the classes' shares as beliefs, add-one smoothed."""
    counts = np.bincount(labels["train"], minlength=len(data.classes)) + 1
    chosen = commonest(labels["train"], len(data.classes))
    nats = -np.log(counts / counts.sum())[labels["test"]]
    return ProbeResult(0.0, float((labels["valid"] == chosen).mean()), nats, np.full(len(nats), chosen))


def _measured_cell(
    name: str, layer_probe: ProbeResult, labels: np.ndarray, extra: dict[str, float], seconds: float | None = None
) -> StudyCell:
    correct = (layer_probe.predicted == labels).astype(np.float64)
    items = Items(np.arange(len(labels)), layer_probe.nats.astype(np.float64), np.ones(len(labels), np.int64), correct)
    test = {"accuracy": float(correct.mean()), "loss": float(layer_probe.nats.mean())}
    return StudyCell({"layer": name}, {0: test}, extra, {0: items}, seconds)


def _accuracy_interval(correct: Float64[np.ndarray, " n"]) -> Interval:
    """The share of right answers with its interval; none of a single sentence."""
    items, share = Items(np.arange(len(correct)), None, np.ones(len(correct), np.int64), correct), float(correct.mean())
    return item_interval(items, "accuracy", share) or Interval(share, share, share)


def _accuracy_figure(cell_id: str, probes: dict[str, ProbeResult], majority: ProbeResult, labels: np.ndarray) -> Picture:
    correct = [(layer_probe.predicted == labels).astype(np.float64) for layer_probe in probes.values()]
    bands = [_accuracy_interval(layer_correct) for layer_correct in correct]
    mean, low, high = (100 * np.array(bands)).T
    x = np.arange(len(probes))
    level = 100 * float((majority.predicted == labels).mean())
    series = [Series("probe", x, mean, low, high), Series(MAJORITY, x, [level] * len(x), kind="level")]
    caption = "Layer 0 is the embedding. Band: 95% Wilson interval over test sentences."
    return line_plot(f"probe_{cell_id}", "Accuracy of a linear probe by layer", series, "layer", "accuracy, %", caption, x_ticks=x)
