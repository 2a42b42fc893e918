"""What the report of transformer_parts adds: of each head that looks at the source how sharp it is, how it differs, what it is worth."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from research.analyses.analysis import Analysis, AnalysisPlace, AnalysisUnit, Measured, first_run_units, runnable_entries
from research.compare.cells import Manifest
from research.report.section import Section
from research.report.sheets import Heading, Sheet, StyledText
from research.runs.analysis_files import Measurement
from research.runs.store import TRAINED_STATUSES

TEXT = (
    "<p>Heads of cross-attention, the first seed that is done, over the first test pairs. Entropy: of a head's weights over the source, in "
    "nats, the mean over target positions; 0 is one place alone. Disagreement: half the summed difference between its weights and those of "
    "another head of its layer, 0 for the same and 1 for none in common, the mean over the others. Loss without it: nats a token when what "
    "the head has seen is left out (Michel et al. 2019, sec. 3.1), less the loss of the whole model.</p>"
)


class HeadMeasures(NamedTuple):
    """Of every head, layer by layer, and the loss of the whole model in nats a token."""

    entropy: Float[np.ndarray, "l h"]
    disagreement: Float[np.ndarray, "l h"]
    without: Float[np.ndarray, "l h"]
    loss: float


def applies(manifest: Manifest) -> bool:
    """Whether a row has the whole model's parts."""
    return any(_has_whole_heads(str(entry["labels"].get("label"))) for entry in runnable_entries(manifest))


def units(manifest: Manifest, runs_dir: Path) -> Sequence[AnalysisUnit]:
    """Of each cell that has the whole model's parts and its own number of heads the first run that is done."""
    entries = [entry for entry in runnable_entries(manifest) if _has_whole_heads(str(entry["labels"].get("label")))]
    return first_run_units(manifest, runs_dir, entries, TRAINED_STATUSES)


def _has_whole_heads(label: str) -> bool:
    return label == "whole" or label.endswith((" head", " heads"))


def measure(unit: AnalysisUnit, place: AnalysisPlace) -> Measurement:
    """Entropy, disagreement and loss without each head, [layers heads], and the whole model's loss."""
    from research.use.open_run import open_run

    from .head_worth import measure_heads

    heads = measure_heads(open_run(place.runs_dir, unit.run, place.data_dir))
    arrays = {"entropy": heads.entropy, "disagreement": heads.disagreement, "without": heads.without}
    return Measurement({"loss": heads.loss}, arrays)


def sections(manifest: Manifest, measured: Sequence[Measured]) -> Sequence[Section]:
    """One table, a row a head."""
    rows = tuple(
        row
        for unit, measurement in measured
        for row in _rows(str(unit.entry["labels"]["label"]), HeadMeasures(**measurement.arrays, loss=measurement.values["loss"]))
    )
    headings = (
        Heading("variant", numeric=False),
        Heading("layer"),
        Heading("head"),
        Heading("entropy"),
        Heading("disagreement"),
        Heading("loss without it"),
    )
    return (Section("What each head does", TEXT, Sheet("Heads", headings, rows, 3)),)


def _rows(label: str, measured: HeadMeasures) -> list[tuple[StyledText, ...]]:
    places = [(layer, head) for layer in range(measured.entropy.shape[0]) for head in range(measured.entropy.shape[1])]

    def texts(place: tuple[int, int]) -> tuple[StyledText, ...]:
        numbers = measured.entropy[place], measured.disagreement[place], measured.without[place]
        return *(StyledText(str(i + 1)) for i in place), *(StyledText(f"{value:.3f}") for value in numbers)

    return [(StyledText(label), *texts(place)) for place in places]


ANALYSIS = Analysis("heads", "What each head does", False, applies, units, measure, sections)
