"""What does each layer of a finished run know of each word? Its vector there, and a softmax regression that is asked for the word's tag.

Shapes: n words of a split, one sentence after another.
"""

import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from research.compare.statistics import Items, read_run_items
from research.config.classify import CommonestTag
from research.config.schema import Config
from research.config.sweep import TableLayout
from research.data.dataset import Dataset, TaggedSentences
from research.data.loading import load_dataset
from research.data.tagged_dataset import sentence_lengths
from research.models.layers import check_word_layers, layer_names, word_layer_vectors
from research.report.study import Study, StudyCell
from research.tasks.outcomes import Outcomes
from research.tasks.probing import commonest, linear_probe
from research.tasks.registry import task_of
from research.tasks.tag_counting import fit_tagger, score_tagger
from research.tasks.tagging import tagged_words
from research.use.frozen_model import Frozen, accuracy_figure, probe_study, reach
from research.use.open_run import OpenRun
from research.use.word_rows import WordRows, word_rows

ROWS = 64  # rows at a time
WORDS = 10_000  # that a probe learns from at most, the first of training
STEPS = 100  # of its search at most: accuracy has settled long before
SPLITS = ("train", "valid", "test")
MAJORITY, COMMONEST = "majority", "commonest tag of the word"
FIGURES = ("extra.valid_accuracy", "extra.l2", "extra.width", "extra.words")
BAND = "95% interval over test sentences, or over the documents that they are of."


def probe_words(run: OpenRun, frozen: Frozen, config: Config, overrides: Sequence[str], data_dir: Path | None) -> Study:
    """A row for every layer, one for the commonest tag of all words, and one for the commonest of each word.

    `config`: of the tagged data. Raises StepladderError for a model whose layers have no vector of each word.
    """
    from sklearn.exceptions import ConvergenceWarning

    check_word_layers(frozen.config.model)
    names, data = layer_names(frozen.config.model), load_dataset(config.data, data_dir)
    began = time.perf_counter()
    data = data._replace(tagged=data.tagged | {"train": _first_words(data.tagged["train"])})
    vectors = {split: word_features(frozen, _split_rows(frozen, config, data, split)) for split in SPLITS}
    seconds = (time.perf_counter() - began) / len(names)
    tags = {split: data.tagged[split].tags for split in SPLITS}
    learned = {"words": float(len(tags["train"]))}
    cells = [_cell(name, config, data, outcomes, learned) for name, outcomes in _word_levels(data).items()]
    for number, name in enumerate(names):
        began = time.perf_counter()
        train, valid, test = ((vectors[split][number], tags[split]) for split in SPLITS)
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
            layer_probe = linear_probe(train, valid, test, len(data.classes), STEPS)
        outcomes = {"nats": layer_probe.nats, "likeliest": layer_probe.predicted, "correct": layer_probe.predicted == tags["test"]}
        extra = {"valid_accuracy": layer_probe.valid_accuracy, "l2": layer_probe.l2, "width": float(test[0].shape[1])} | learned
        cells.append(_cell(name, config, data, outcomes, extra, time.perf_counter() - began + seconds))
    items = {str(cell.labels["layer"]): cell.items[0] for cell in cells}
    levels = {name: items.pop(name) for name in (MAJORITY, COMMONEST)}
    picture = accuracy_figure(run.cell_id, list(items.values()), levels, BAND)
    spans = ("test.span_f1",) if data.scheme != "none" else ()
    table = TableLayout(rows="layer", metrics=("test.loss", *spans, *FIGURES), baseline=COMMONEST, figure="none")
    return probe_study(run, config, overrides, data.digest, table, cells, picture)


def _first_words(train: TaggedSentences) -> TaggedSentences:
    """The first whole sentences with no more than WORDS words, at least one."""
    ends = np.cumsum(sentence_lengths(train))
    n = max(1, int((ends <= WORDS).sum()))
    return TaggedSentences(train.words[:n], train.tags[: ends[n - 1]])


def word_features(frozen: Frozen, words: WordRows, at_once: int = ROWS) -> list[Float32[np.ndarray, "n _"]]:
    """The vector of every word in each layer, the embedding first; `at_once` changes none."""
    lead = [] if frozen.start is None else [frozen.start]
    width = len(lead) + max(map(len, words.rows))
    parts = []
    for begin in range(0, len(words.rows), at_once):
        tokens, valid = np.zeros((at_once, width), np.int32), np.zeros((at_once, width), bool)
        for number, symbols in enumerate(words.rows[begin : begin + at_once]):
            ids = [*lead, *symbols]
            tokens[number, : len(ids)], valid[number, : len(ids)] = ids, True
        layers = word_layer_vectors(frozen.config.model, frozen.params, jnp.asarray(tokens), jnp.asarray(valid))
        within = (begin <= words.row) & (words.row < begin + at_once)
        parts.append([np.asarray(layer)[words.row[within] - begin, len(lead) + words.last[within]] for layer in layers])
    return [np.concatenate(layer) for layer in zip(*parts, strict=True)]


def _split_rows(frozen: Frozen, config: Config, data: Dataset, split: str) -> WordRows:
    return word_rows(frozen.data.vocabulary, data.tagged[split].words, tagged_words(config).length, reach(frozen))


def _word_levels(data: Dataset) -> dict[str, Outcomes]:
    """What is told without a layer: by the shares of all tags, and by those of each word."""
    train, test = data.tagged["train"], data.tagged["test"]
    counts = np.bincount(train.tags, minlength=len(data.classes)) + 1
    chosen = np.full(len(test.tags), commonest(train.tags, len(data.classes)))
    majority = {"nats": -np.log(counts / counts.sum())[test.tags], "likeliest": chosen, "correct": chosen == test.tags}
    config = CommonestTag(kind="commonest_tag")
    return {MAJORITY: majority, COMMONEST: score_tagger(config, fit_tagger(config, data), test)}


def _cell(name: str, config: Config, data: Dataset, outcomes: Outcomes, extra: dict[str, float], seconds: float | None = None) -> StudyCell:
    """Measured as a tagger is, by sentence."""
    task = task_of(config)
    belongs = task.belongs(data, "test")
    items: Items = read_run_items(task.items("test", outcomes, belongs))
    test = {metric: value for metric, value in task.measure(config, "test", outcomes, belongs).items() if "_at_" not in metric}
    return StudyCell({"layer": name}, {0: test}, extra, {0: items}, seconds)
