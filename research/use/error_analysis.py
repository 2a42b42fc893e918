"""What the report of classifiers adds: accuracy on slices, confusions, and the worst examples with the words that drove them."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from research.config.merge import DATA_KINDS
from research.config.value_labels import row_label
from research.data.dataset import Dataset
from research.data.slices import slices
from research.execute.environment import use_compilation_cache
from research.report.sheets import Heading, Sheet, StyledText
from research.report.section import Section
from research.runs import store
from research.use.open_run import OpenRun, open_run
from research.use.predict import Prediction, classify_sentences

WORST = 3  # examples a row
DRIVING = 6  # words an example
SLICES = (
    "<p>Test accuracy on parts of the test sentences, the mean over the seeds, in per cent. negation, contrast: has such a word. rare: has "
    "a word seen once or twice in training; unseen: one never seen; inflected: an unseen word that differs from a seen one in its ending. "
    "foreign: a letter outside ASCII. long, short: than nine in ten training sentences.</p>"
)
CONFUSIONS = "<p>Of the test sentences of a class, the share that was put into each class, in per cent, over all seeds.</p>"


def error_sections(manifest: dict[str, Any], runs_dir: Path, data_dir: Path | None) -> tuple[Section, ...]:
    """Sections where the cells are classifiers of one dataset with at least one run that is done; else none."""
    classifying = {kind for kind, data in DATA_KINDS.items() if data.asks == "classes"}
    cells = [entry for entry in manifest["cells"] if entry["config"] and entry["config"]["data"]["kind"] in classifying]
    runs_by_label = {_label(entry): runs for entry in cells if (runs := _finished_runs(entry, runs_dir, data_dir))}
    if not runs_by_label:
        return ()
    use_compilation_cache()
    return tuple(section for section in (_slices(runs_by_label), _confusions(runs_by_label), _worst(runs_by_label)) if section)


def _label(entry: dict[str, Any]) -> str:
    return row_label(entry["labels"])


def _finished_runs(entry: dict[str, Any], runs_dir: Path, data_dir: Path | None) -> list[OpenRun]:
    """The runs of a cell that are done."""
    folders = {seed: store.seed_folder(Path(runs_dir), entry["cell_id"], seed) for seed in entry["seeds"]}
    seeds = [seed for seed, folder in folders.items() if store.status_of(folder) == "done"]
    return [open_run(runs_dir, f"{entry['cell_id']}/{seed}", data_dir) for seed in seeds]


def _dataset(runs_by_label: dict[str, list[OpenRun]]) -> Dataset:
    """What all rows were tested on."""
    return next(iter(runs_by_label.values()))[0].data


def _slices(runs_by_label: dict[str, list[OpenRun]]) -> Section | None:
    data = _dataset(runs_by_label)
    sizes = {name: int(members.sum()) for name, members in slices(data.sentences["test"], data.sentences["train"]).items()}
    sizes |= {name: int((data.sentences["test"].labels == i).sum()) for i, name in enumerate(data.classes)}
    present = [name for name, n in sizes.items() if n]
    rows = []
    for label, runs in runs_by_label.items():
        metrics = [(store.read_result(run.folder) or {})["metrics"]["test"] for run in runs]
        names = ("accuracy", *(f"accuracy_at_{name}" for name in present))
        rows.append((StyledText(label), *(StyledText(_percent(_mean(metrics, name))) for name in names)))
    count = (StyledText("sentences"), StyledText(f"{len(data.test.inputs):,}"), *(StyledText(f"{sizes[name]:,}") for name in present))  # type: ignore[union-attr]
    headings = (Heading("", numeric=False), Heading("all"), *(Heading(name) for name in present))
    return Section("Where each one fails", SLICES, sheet=Sheet("Slices", headings, (count, *rows), labels=1))


def _mean(metrics: Sequence[Mapping[str, float | None]], name: str) -> float:
    """The mean of a metric over the seeds; not a number where a seed lacks it."""
    return float(np.mean([seed_metrics.get(name, np.nan) for seed_metrics in metrics]))


def _confusions(runs_by_label: dict[str, list[OpenRun]]) -> Section | None:
    classes = _dataset(runs_by_label).classes
    rows = []
    for label, runs in runs_by_label.items():
        counts = np.zeros((len(classes), len(classes)))
        for run in runs:
            with np.load(run.folder / "items.npz") as items:
                np.add.at(counts, (items["class"], items["predicted"]), 1)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        for i, name in enumerate(classes):
            rows.append(
                (StyledText(label), StyledText(name), *(StyledText(_percent(share), bold=i == j) for j, share in enumerate(shares[i])))
            )
    headings = (Heading("", numeric=False), Heading("class", numeric=False), *(Heading(f"as {name}") for name in classes))
    return Section("Confusions", CONFUSIONS, sheet=Sheet("Confusions", headings, tuple(rows), labels=2))


def _worst(runs_by_label: dict[str, list[OpenRun]]) -> Section | None:
    """Of each row's first seed, the wrong test sentences that it was surest of, without repeating a text."""
    parts = [
        "<p>Of each row's first seed, the test sentences that it got most wrong, by the lead of its class over the right one, and the "
        "words that drove it: weights of linear models, gradient x input of networks, valences of rules. + is for the chosen class.</p>"
    ]
    for label, (run, *_) in runs_by_label.items():
        if run.config.pooled:  # each fold has a model of its own
            continue
        test = run.data.sentences["test"]
        with np.load(run.folder / "items.npz") as items:
            misclassified = np.flatnonzero(items["class"] != items["predicted"])
        if not len(misclassified):
            parts.append(f"<h3>{escape(label)}</h3><p>No test sentence is wrong.</p>")
            continue
        predictions = classify_sentences(run, [test.texts[i] for i in misclassified], explain=False)
        true_classes = [run.data.classes[test.labels[i]] for i in misclassified]
        margins = np.array([each.scores[each.label] - each.scores[name] for each, name in zip(predictions, true_classes, strict=True)])
        worst = [int(i) for i in np.argsort(-margins, kind="stable")[:WORST]]
        explained = classify_sentences(run, [predictions[i].text for i in worst])
        lines = "".join(_list_item(prediction, true_classes[i]) for prediction, i in zip(explained, worst, strict=True))
        parts.append(f"<h3>{escape(label)}</h3><ul>{lines}</ul>")
    return Section("The worst mistakes", "".join(parts)) if len(parts) > 1 else None


def _list_item(prediction: Prediction, true_class: str) -> str:
    confidence = f" ({100 * prediction.probabilities[prediction.label]:.0f} %)" if prediction.probabilities else ""
    drivers = ", ".join(f"{escape(word)} {value:+.2f}" for word, value in prediction.drivers[:DRIVING])
    return (
        f"<li>{escape(prediction.text)}<br><small>{escape(true_class)}, taken for {escape(prediction.label)}{confidence}"
        f"{': ' + drivers if drivers else ''}</small></li>"
    )


def _percent(share: float) -> str:
    return "" if np.isnan(share) else f"{100 * share:.1f}"
