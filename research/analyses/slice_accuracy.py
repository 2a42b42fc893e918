"""What the report of classifiers adds: accuracy on slices of the test sentences, and which class was taken for which.

Measured are the classes and how many test sentences a slice has; the rest is in the records of the runs.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from research.analyses.analysis import Analysis, AnalysisPlace, AnalysisUnit, Measured, first_run_units
from research.analyses.classifier_sweeps import classifies, classifying_entries, row_of, tested_folders
from research.compare.cells import Manifest
from research.report.section import Section
from research.report.sheets import Heading, Sheet, StyledText
from research.runs import store
from research.runs.analysis_files import Measurement

SLICES_TEXT = (
    "<p>Test accuracy on parts of the test sentences, the mean over the seeds, in per cent. negation, contrast: has such a word. rare: has "
    "a word seen once or twice in training; unseen: one never seen; inflected: an unseen word that differs from a seen one in its ending. "
    "foreign: a letter outside ASCII. long, short: than nine in ten training sentences.</p>"
)
CONFUSIONS_TEXT = "<p>Of the test sentences of a class, the share that was put into each class, in per cent, over all seeds.</p>"


def slice_units(manifest: Manifest, runs_dir: Path) -> Sequence[AnalysisUnit]:
    """Of each classifying cell the first run that was tested."""
    return first_run_units(manifest, runs_dir, classifying_entries(manifest), ("done",))


def measure_slices(unit: AnalysisUnit, place: AnalysisPlace) -> Measurement:
    """How many test sentences there are, in all and of each slice and class; and the classes."""
    from research.data.slices import slices
    from research.use.open_run import open_run

    data = open_run(place.runs_dir, unit.run, place.data_dir).data
    test = data.sentences["test"]
    sizes = {name: int(members.sum()) for name, members in slices(test, data.sentences["train"]).items()}
    sizes |= {name: int((test.labels == i).sum()) for i, name in enumerate(data.classes)}
    return Measurement({"sentences": len(test.texts), "sizes": sizes, "classes": list(data.classes)})


def slice_sections(manifest: Manifest, measured: Sequence[Measured]) -> Sequence[Section]:
    """Accuracy by slice, and confusions, of every row."""
    units_by_row = {row_of(unit): unit for unit, _ in measured}
    values = measured[0].measurement.values
    return (
        Section("Where each one fails", SLICES_TEXT, sheet=_slices_sheet(units_by_row, values["sentences"], values["sizes"])),
        Section("Confusions", CONFUSIONS_TEXT, sheet=_confusions_sheet(units_by_row, values["classes"])),
    )


def _slices_sheet(units_by_row: Mapping[str, AnalysisUnit], sentences: int, sizes: Mapping[str, int]) -> Sheet:
    present = [name for name, n in sizes.items() if n]
    rows = []
    for label, unit in units_by_row.items():
        metrics = [(store.read_result(folder) or {})["metrics"]["test"] for folder in tested_folders(unit)]
        names = ("accuracy", *(f"accuracy_at_{name}" for name in present))
        rows.append((StyledText(label), *(StyledText(_percent(_mean(metrics, name))) for name in names)))
    count = (StyledText("sentences"), StyledText(f"{sentences:,}"), *(StyledText(f"{sizes[name]:,}") for name in present))
    headings = (Heading("", numeric=False), Heading("all"), *(Heading(name) for name in present))
    return Sheet("Slices", headings, (count, *rows), labels=1)


def _mean(metrics: Sequence[Mapping[str, float | None]], name: str) -> float:
    """The mean of a metric over the seeds; not a number where a seed lacks it."""
    return float(np.mean([seed_metrics.get(name, np.nan) for seed_metrics in metrics]))


def _confusions_sheet(units_by_row: Mapping[str, AnalysisUnit], classes: Sequence[str]) -> Sheet:
    rows = []
    for label, unit in units_by_row.items():
        for i, (name, shares) in enumerate(zip(classes, _confusion_shares(tested_folders(unit), len(classes)), strict=True)):
            texts = (StyledText(_percent(share), bold=i == j) for j, share in enumerate(shares.tolist()))
            rows.append((StyledText(label), StyledText(name), *texts))
    headings = (Heading("", numeric=False), Heading("class", numeric=False), *(Heading(f"as {name}") for name in classes))
    return Sheet("Confusions", headings, tuple(rows), labels=2)


def _confusion_shares(folders: Sequence[Path], n: int) -> Float[np.ndarray, "c c"]:
    """Of each class the shares that were put into each, over the runs."""
    counts = np.zeros((n, n))
    for folder in folders:
        items = store.read_items(folder) or {}
        np.add.at(counts, (items["class"], items["predicted"]), 1)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def _percent(share: float) -> str:
    return "" if np.isnan(share) else f"{100 * share:.1f}"


SLICES = Analysis("slices", "Where each one fails, and confusions", False, classifies, slice_units, measure_slices, slice_sections)
