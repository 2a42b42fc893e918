"""What the report of classifiers adds: accuracy on slices, confusions, and the worst examples with the words that drove them."""

from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from research.config.fields import by_kind
from research.config.labels import row_label
from research.config.schema import CLASSIFIERS
from research.data.dataset import Dataset
from research.data.slices import slices
from research.launch.environment import use_compilation_cache
from research.launch.open_run import OpenRun, open_run
from research.launch.predict import Prediction, predict
from research.results import store
from research.results.report import Section
from research.results.sheets import Heading, Sheet, Text

WORST = 3  # examples a row
DRIVING = 6  # words an example
SLICES = (
    "<p>Test accuracy on parts of the test sentences, the mean over the seeds, in per cent. negation, contrast: has such a word. rare: has "
    "a word seen once or twice in training; unseen: one never seen; inflected: an unseen word that differs from a seen one in its ending. "
    "foreign: a letter outside ASCII. long, short: than nine in ten training sentences.</p>"
)
CONFUSIONS = "<p>Of the test sentences of a class, the share that was put into each class, in per cent, over all seeds.</p>"


def analyse(manifest: dict[str, Any], runs_dir: Path, data_dir: Path | None) -> tuple[Section, ...]:
    """Sections where the cells are classifiers of one dataset with at least one run that is done; else none."""
    cells = [entry for entry in manifest["cells"] if entry["config"] and entry["config"]["model"]["kind"] in by_kind(CLASSIFIERS)]
    done = {_label(entry): found for entry in cells if (found := _done(entry, runs_dir, data_dir))}
    if not done:
        return ()
    use_compilation_cache()
    return tuple(section for section in (_slices(done), _confusions(done), _worst(done)) if section)


def _label(entry: dict[str, Any]) -> str:
    return row_label(entry["labels"])


def _done(entry: dict[str, Any], runs_dir: Path, data_dir: Path | None) -> list[OpenRun]:
    """The runs of a cell that are done."""
    folders = {seed: store.seed_folder(Path(runs_dir), entry["cell_id"], seed) for seed in entry["seeds"]}
    done = [seed for seed, folder in folders.items() if store.status_of(folder) == "done"]
    return [open_run(runs_dir, f"{entry['cell_id']}/{seed}", data_dir) for seed in done]


def _data(done: dict[str, list[OpenRun]]) -> Dataset:
    """What all rows were tested on."""
    return next(iter(done.values()))[0].data


def _slices(done: dict[str, list[OpenRun]]) -> Section | None:
    data = _data(done)
    sizes = {name: int(members.sum()) for name, members in slices(data.sentences["test"], data.sentences["train"]).items()}
    sizes |= {name: int((data.sentences["test"].labels == i).sum()) for i, name in enumerate(data.classes)}
    present = [name for name, n in sizes.items() if n]
    rows = []
    for label, runs in done.items():
        metrics = [(store.read_result(run.folder) or {})["metrics"]["test"] for run in runs]
        mean = lambda name: float(np.mean([one.get(name, np.nan) for one in metrics]))  # noqa: B023
        rows.append((Text(label), Text(_percent(mean("accuracy"))), *(Text(_percent(mean(f"accuracy_at_{name}"))) for name in present)))
    count = (Text("sentences"), Text(f"{len(data.test.inputs):,}"), *(Text(f"{sizes[name]:,}") for name in present))  # type: ignore[union-attr]
    headings = (Heading("", numeric=False), Heading("all"), *(Heading(name) for name in present))
    return Section("Where each one fails", SLICES, sheet=Sheet("Slices", headings, (count, *rows), labels=1))


def _confusions(done: dict[str, list[OpenRun]]) -> Section | None:
    classes = _data(done).classes
    rows = []
    for label, runs in done.items():
        counts = np.zeros((len(classes), len(classes)))
        for run in runs:
            with np.load(run.folder / "items.npz") as items:
                np.add.at(counts, (items["class"], items["predicted"]), 1)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        for i, name in enumerate(classes):
            rows.append((Text(label), Text(name), *(Text(_percent(share), bold=i == j) for j, share in enumerate(shares[i]))))
    headings = (Heading("", numeric=False), Heading("class", numeric=False), *(Heading(f"as {name}") for name in classes))
    return Section("Confusions", CONFUSIONS, sheet=Sheet("Confusions", headings, tuple(rows), labels=2))


def _worst(done: dict[str, list[OpenRun]]) -> Section | None:
    """Of each row's first seed, the wrong test sentences that it was surest of, without repeating a text."""
    parts = [
        "<p>Of each row's first seed, the test sentences that it got most wrong, by the lead of its class over the right one, and the "
        "words that drove it: weights of linear models, gradient x input of networks, valences of rules. + is for the chosen class.</p>"
    ]
    for label, (reader, *_) in done.items():
        if reader.config.pooled:  # each fold has a model of its own
            continue
        test = reader.data.sentences["test"]
        with np.load(reader.folder / "items.npz") as items:
            wrong = np.flatnonzero(items["class"] != items["predicted"])
        if not len(wrong):
            parts.append(f"<h3>{escape(label)}</h3><p>No test sentence is wrong.</p>")
            continue
        found = predict(reader, [test.texts[i] for i in wrong], explain=False)
        right = [reader.data.classes[test.labels[i]] for i in wrong]
        lead = np.array([one.scores[one.label] - one.scores[name] for one, name in zip(found, right, strict=True)])
        chosen = [int(i) for i in np.argsort(-lead, kind="stable")[:WORST]]
        explained = predict(reader, [found[i].text for i in chosen])
        lines = "".join(_line(one, right[i]) for one, i in zip(explained, chosen, strict=True))
        parts.append(f"<h3>{escape(label)}</h3><ul>{lines}</ul>")
    return Section("The worst mistakes", "".join(parts)) if len(parts) > 1 else None


def _line(one: Prediction, right: str) -> str:
    sure = f" ({100 * one.probabilities[one.label]:.0f} %)" if one.probabilities else ""
    words = ", ".join(f"{escape(word)} {value:+.2f}" for word, value in one.drivers[:DRIVING])
    return (
        f"<li>{escape(one.text)}<br><small>{escape(right)}, taken for {escape(one.label)}{sure}{': ' + words if words else ''}</small></li>"
    )


def _percent(share: float) -> str:
    return "" if np.isnan(share) else f"{100 * share:.1f}"
