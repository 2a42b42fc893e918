"""The analyses that every sweep may have, an entry each; an experiment's own stand before them."""

from research.analyses.analysis import Analysis
from research.analyses.mistakes import MISTAKES
from research.analyses.slice_accuracy import SLICES

ANALYSES: dict[str, Analysis] = {analysis.name: analysis for analysis in (SLICES, MISTAKES)}


def analyses_of(own: Analysis | None) -> tuple[Analysis, ...]:
    """Those of a sweep in the order of its report. `own`: that of the analysis.py beside its file."""
    return (*([] if own is None else [own]), *ANALYSES.values())
