"""`stepladder report`: from what is on disk to the files of a report. Neither jax nor data nor checkpoints are needed."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from research.analyses.analysis import Analysis
from research.analyses.registry import analyses_of
from research.analyses.stage import analysis_sections
from research.catalog.choose import choose_experiment, find_analysis, import_analysis
from research.catalog.folders import shipped_experiments
from research.compare.cells import Manifest, load_cells
from research.compare.provenance import report_folder, report_name
from research.compare.table_layout import with_layout
from research.config.errors import StepladderError
from research.config.find import find_config
from research.config.loader import spec_digest
from research.config.plugin_source import PluginError
from research.report.build_report import build_report
from research.report.formats.registry import check_formats
from research.report.report_value import Report
from research.report.write_report import write_report
from research.runs.sweep_manifest import RUNS, manifest_of_spec, manifests_of_spec, read_manifest, read_manifest_file


class Launched(NamedTuple):
    """A sweep that was launched, as its report reads it."""

    manifest: Manifest
    analyses: tuple[Analysis, ...]
    runs: Path


def report_command(
    spec: str, overrides: Sequence[str], preset: str | None, runs: Path, out: Path | None, formats: Sequence[str]
) -> dict[str, Path]:
    """Writes the report, says on stderr what it lacks, and returns its files by name."""
    check_formats(formats)
    launched = find_launched(spec, overrides, preset, runs)
    report = build_launched_report(launched)
    for line in report.missing:
        print(line, file=sys.stderr)
    manifest = launched.manifest
    return write_report(report, out or report_folder(report_name(manifest), manifest["hash"], manifest.get("earlier_hash", "")), formats)


def build_launched_report(launched: Launched) -> Report:
    """The report of a sweep, with what its analyses measured."""
    manifest, analyses, runs = launched
    sections, missing = analysis_sections(analyses, manifest, runs)
    return build_report(manifest, load_cells(manifest, runs), sections, missing=missing)


def find_launched(spec: str, overrides: Sequence[str], preset: str | None, runs: Path) -> Launched:
    """The sweep that a SPEC names: a file or an experiment, whose layout is today's, or a manifest, whose layout is its own.

    A file that is gone is found by the manifests that it launched.
    """
    path = Path(spec)
    if path.suffix == ".json":
        return _by_manifest(path, overrides, preset, runs)
    if path.suffix == ".toml" and not path.exists() and (manifests := manifests_of_spec(spec, overrides, preset, runs)):
        return Launched(manifests[0], _analyses_beside(path.parent), runs)
    try:
        chosen = choose_experiment(spec, preset, overrides)
    except PluginError as error:
        return _without_plugins(spec, overrides, runs, error)
    manifest = with_layout(read_manifest(chosen.loaded, runs), chosen.loaded, runs)
    if manifest.get("cards") or not manifest.get("cards_note"):
        manifest = {**manifest, "cards_today": chosen.cards}
    return Launched(manifest, analyses_of(chosen.analysis), runs)


def _without_plugins(spec: str, overrides: Sequence[str], runs: Path, error: PluginError) -> Launched:
    """What was launched by a file whose plugins cannot be imported now, as it was launched. Raises the error where nothing was."""
    manifest = manifest_of_spec(spec_digest(find_config(spec), overrides), runs)
    if manifest is None:
        raise error
    print(f"note: the report is made without the plugins of {spec}. {error}", file=sys.stderr)
    return Launched(manifest, analyses_of(None), runs)


def _by_manifest(path: Path, overrides: Sequence[str], preset: str | None, runs: Path) -> Launched:
    """Of a manifest in RUNS/sweeps the runs are those of RUNS, where no other folder is named. An analysis of its own has what comes
    with the code alone: a manifest of someone else's names no Python that is run."""
    if overrides or preset:
        words = [*overrides, *([f"--preset {preset}"] if preset else [])]
        raise StepladderError(f"{path} is a manifest, which is one sweep as it was launched: leave out {' '.join(words)}.")
    manifest, runs_dir = read_manifest_file(path, None if runs == RUNS else runs)
    folder = next((folder for folder in shipped_experiments() if folder.spec == manifest.get("experiment")), None)
    return Launched(manifest, _analyses_beside(folder.path) if folder else analyses_of(None), runs_dir)


def _analyses_beside(folder: Path) -> tuple[Analysis, ...]:
    file = find_analysis(folder)
    return analyses_of(None if file is None else import_analysis(file))
