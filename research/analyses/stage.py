"""Analyses as a stage: what no record holds is measured after the runs, and what records hold is drawn into a report."""

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from research.analyses.analysis import Analysis, AnalysisPlace, AnalysisUnit, Measured
from research.compare.cells import Manifest
from research.compare.provenance import table_command
from research.config.errors import StepladderError
from research.report.section import Section
from research.runs.analysis_files import Measurement, read_measurement, write_measurement
from research.runs.sweep_manifest import RUNS


class AnalysisSections(NamedTuple):
    """What analyses add to a report, and a line for each section that no record holds."""

    sections: tuple[Section, ...]
    missing: tuple[str, ...]


def run_analyses(analyses: Sequence[Analysis], manifest: Manifest, place: AnalysisPlace, tell: Callable[[str], None]) -> bool:
    """Measure what is not in the record yet, and say whether all could be. A mistake of the user's in one leaves the others be."""
    outcomes = [_run_analysis(analysis, manifest, place, tell) for analysis in _applicable(analyses, manifest)]
    return all(outcomes)


def _run_analysis(analysis: Analysis, manifest: Manifest, place: AnalysisPlace, tell: Callable[[str], None]) -> bool:
    if analysis.measure is None:
        return True
    units = [unit for unit in analysis.units(manifest, place.runs_dir) if read_measurement(unit.folder, analysis.name) is None]
    if units:
        tell(f"{analysis.name}: measuring {_count_text(units)}")
    try:
        for unit in units:
            write_measurement(unit.folder, analysis.name, analysis.measure(unit, place), analysis.holds_text)
    except StepladderError as error:
        tell(f"{analysis.name} was not measured: {error}")
        return False
    return True


def analysis_sections(analyses: Sequence[Analysis], manifest: Manifest, runs_dir: Path) -> AnalysisSections:
    """From the records alone."""
    sections: list[Section] = []
    missing: list[str] = []
    for analysis in _applicable(analyses, manifest):
        pairs = [(unit, _read(analysis, unit)) for unit in analysis.units(manifest, runs_dir)]
        absent = [unit for unit, measurement in pairs if measurement is None]
        if absent:
            missing.append(_missing_line(analysis, absent, analysis_command(manifest, Path(runs_dir))))
        measured = [Measured(unit, measurement) for unit, measurement in pairs if measurement is not None]
        sections += analysis.sections(manifest, measured) if measured else ()
    return AnalysisSections(tuple(sections), tuple(missing))


def _read(analysis: Analysis, unit: AnalysisUnit) -> Measurement | None:
    return Measurement() if analysis.measure is None else read_measurement(unit.folder, analysis.name)


def analysis_command(manifest: Manifest, runs_dir: Path) -> str:
    """What measures what is missing of a sweep that is done, and does nothing else: as it was launched, with its runs where they are."""
    program, _, *words = shlex.split(table_command(manifest))
    if "--runs" in words:
        del words[words.index("--runs") : words.index("--runs") + 2]
    place = [] if runs_dir == RUNS else ["--runs", str(runs_dir)]
    return shlex.join([program, "sweep", *words, *place])


def _applicable(analyses: Sequence[Analysis], manifest: Manifest) -> list[Analysis]:
    return [analysis for analysis in analyses if analysis.applies(manifest)]


def _missing_line(analysis: Analysis, absent: Sequence[AnalysisUnit], command: str) -> str:
    return (
        f"Missing, or of fewer runs than there are: {analysis.section}. The record has no analysis/{analysis.name}.json for "
        f"{_count_text(absent)}; `{command}` measures it, and does nothing else where all runs are done."
    )


def _count_text(units: Sequence[AnalysisUnit]) -> str:
    runs = sum(unit.seed is not None for unit in units)
    return f"{runs} run{'' if runs == 1 else 's'}" if runs else "the sweep"
