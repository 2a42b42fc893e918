"""What the report of classifiers adds: of each row the test sentences that it got most wrong, with the words that drove it.

Its files hold these sentences, which are text of the data, beside their numbers in the test split.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TypedDict

from research.analyses.analysis import Analysis, AnalysisPlace, AnalysisUnit, Measured, first_run_units
from research.analyses.classifier_sweeps import classifies, classifying_entries, row_of
from research.compare.cells import Manifest
from research.report.section import Section
from research.runs import store
from research.runs.analysis_files import Measurement

WORST = 3  # examples a row
DRIVING = 6  # words an example
INTRODUCTION = (
    "<p>Of each row's first seed, the test sentences that it got most wrong, by the lead of its class over the right one, and the "
    "words that drove it: weights of linear models, gradient x input of networks, valences of rules. + is for the chosen class.</p>"
)


class Mistake(TypedDict):
    """A test sentence that was put into another class."""

    item: int  # its number in the test split
    text: str
    true_class: str
    predicted: str
    probability: float | None  # of the predicted class; None of a model that has none
    drivers: list[tuple[str, float]]


def mistake_units(manifest: Manifest, runs_dir: Path) -> Sequence[AnalysisUnit]:
    """Of each classifying cell the first run that was tested; none of a row of folds, each of which has a model of its own."""
    units = first_run_units(manifest, runs_dir, classifying_entries(manifest), ("done",))
    return [unit for unit in units if not (store.read_result(unit.folder) or {}).get("folds")]


def measure_mistakes(unit: AnalysisUnit, place: AnalysisPlace) -> Measurement:
    """The wrong test sentences that the run was surest of."""
    import numpy as np

    from research.use.open_run import open_run
    from research.use.predict import Prediction, classify_sentences

    run, items = open_run(place.runs_dir, unit.run, place.data_dir), store.read_items(unit.folder) or {}
    test, wrong = run.data.sentences["test"], np.flatnonzero(items["class"] != items["predicted"])
    if not len(wrong):
        return Measurement({"mistakes": []})
    predictions = classify_sentences(run, [test.texts[i] for i in wrong], explain=False)
    true_classes = [run.data.classes[test.labels[i]] for i in wrong]
    margins = np.array([each.scores[each.label] - each.scores[name] for each, name in zip(predictions, true_classes, strict=True)])
    worst = [int(i) for i in np.argsort(-margins, kind="stable")[:WORST]]

    def mistake(prediction: Prediction, i: int) -> Mistake:
        probability = float(prediction.probabilities[prediction.label]) if prediction.probabilities else None
        drivers = [(word, float(value)) for word, value in prediction.drivers[:DRIVING]]
        return Mistake(
            item=int(items["id"][wrong[i]]),
            text=prediction.text,
            true_class=true_classes[i],
            predicted=prediction.label,
            probability=probability,
            drivers=drivers,
        )

    explained = classify_sentences(run, [predictions[i].text for i in worst])
    return Measurement({"mistakes": [mistake(prediction, i) for prediction, i in zip(explained, worst, strict=True)]})


def mistake_sections(manifest: Manifest, measured: Sequence[Measured]) -> Sequence[Section]:
    """A list of sentences a row."""
    mistakes_by_row = {row_of(unit): measurement.values["mistakes"] for unit, measurement in measured}
    parts = [f"<h3>{escape(row)}</h3>{_row_text(mistakes)}" for row, mistakes in mistakes_by_row.items()]
    return (Section("The worst mistakes", "".join([INTRODUCTION, *parts])),)


def _row_text(mistakes: Sequence[Mistake]) -> str:
    if not mistakes:
        return "<p>No test sentence is wrong.</p>"
    return f"<ul>{''.join(map(_list_item, mistakes))}</ul>"


def _list_item(mistake: Mistake) -> str:
    confidence = f" ({100 * mistake['probability']:.0f} %)" if mistake["probability"] is not None else ""
    drivers = ", ".join(f"{escape(word)} {value:+.2f}" for word, value in mistake["drivers"])
    return (
        f"<li>{escape(mistake['text'])}<br><small>{escape(mistake['true_class'])}, taken for {escape(mistake['predicted'])}{confidence}"
        f"{': ' + drivers if drivers else ''}</small></li>"
    )


MISTAKES = Analysis("mistakes", "The worst mistakes", True, classifies, mistake_units, measure_mistakes, mistake_sections)
