"""What a SPEC of the command line names: an experiment's preset, or a TOML file with what lies beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from research.catalog.claims import claim_cards
from research.catalog.folder_code import defines, import_file
from research.catalog.folders import ExperimentFolder, check_preset, find_experiment, shipped_experiments
from research.config.errors import StepladderError, did_you_mean
from research.config.find import find_config
from research.config.loader import LoadedConfig, load_config
from research.config.plain import Tree

if TYPE_CHECKING:
    from research.analyses.analysis import Analysis
    from research.report.study import Study

ANALYSIS_FILE, ANALYSIS_NAME = "analysis.py", "ANALYSIS"


class Chosen(NamedTuple):
    """A SPEC with its overrides, checked."""

    loaded: LoadedConfig
    spec: str
    overrides: tuple[str, ...]
    preset: str | None  # None for a file
    cards: list[Tree]
    analysis_file: Path | None  # analysis.py beside it, where there is one

    @property
    def analysis(self) -> "Analysis | None":
        """What its report adds, in two halves; imported when it is asked for."""
        return None if self.analysis_file is None else import_analysis(self.analysis_file)


def choose_experiment(spec: str, preset: str | None, overrides: Sequence[str], allow_plugins: bool = False) -> Chosen:
    """An experiment by its name or its folder (quick where no preset is named), or else a TOML file, with the claims and the analysis
    that lie beside it. `allow_plugins`: as of `load_config`. Raises StepladderError with the nearest name."""
    folder = find_experiment(spec)
    if folder is None or Path(spec).is_file():
        return _choose_file(spec, preset, overrides, allow_plugins)
    if folder.is_study:
        raise StepladderError(
            f"{spec} is a study: it is measured at once, and has no cells to train, show or report later. "
            f"`stepladder reproduce {spec}` measures it and writes its report."
        )
    preset = check_preset(folder, preset)
    loaded = load_config(folder.path / f"{preset}.toml", overrides, allow_plugins)
    return Chosen(loaded, spec, tuple(overrides), preset, claim_cards(folder, preset), find_analysis(folder.path))


def _choose_file(spec: str, preset: str | None, overrides: Sequence[str], allow_plugins: bool) -> Chosen:
    names = [folder.spec for folder in shipped_experiments()]
    if not spec.endswith(".toml") and not Path(spec).exists() and (hint := did_you_mean(spec, names)):
        raise StepladderError(
            f"{spec} is neither an experiment nor a file{hint} The experiments are {', '.join(names)}; a file ends in .toml."
        )
    path = find_config(spec)
    if preset:
        raise StepladderError(f"--preset {preset} is for experiments, and {spec} is a file, which is one preset by itself. Leave it out.")
    loaded, folder = load_config(path, overrides, allow_plugins), ExperimentFolder(str(path.parent), path.parent)
    return Chosen(loaded, spec, tuple(overrides), None, claim_cards(folder, path.stem), find_analysis(path.parent))


def find_analysis(folder: Path) -> Path | None:
    """The analysis.py of a folder, where it says what `ANALYSIS` is; nothing of it is run."""
    path = folder / ANALYSIS_FILE
    return path if path.is_file() and defines(path, ANALYSIS_NAME) else None


def import_analysis(path: Path) -> "Analysis":
    """The `ANALYSIS` of an analysis.py. Raises StepladderError where it is another thing."""
    from research.analyses.analysis import Analysis

    analysis = getattr(import_file(path), ANALYSIS_NAME)
    if not isinstance(analysis, Analysis):
        raise StepladderError(
            f"{path}: {ANALYSIS_NAME} is a {type(analysis).__name__}, and no `Analysis`; make it as research/analyses/analysis.py says."
        )
    return analysis


def measure_study(
    folder: ExperimentFolder, preset: str | None, overrides: Sequence[str], data_dir: Path | None
) -> "tuple[Study, list[Tree]]":
    """A study's numbers and the claims about them. Raises StepladderError for a preset that it lacks, and for overrides."""
    if overrides:
        raise StepladderError(f"{folder.spec} is a study, which has no config to change: leave out {' '.join(overrides)}.")
    preset = check_preset(folder, preset)
    cards = claim_cards(folder, preset)
    study: Study = import_file(folder.path / "study.py").measure(preset, data_dir)
    return study, cards
