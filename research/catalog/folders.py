"""An experiment is a folder: TOML presets or study.py, README.md, expected.json. It comes with the code, or is the user's own.

sweep  presets as TOML files, whose cells are trained; sometimes analysis.py, whose `ANALYSIS` adds sections to the report
study  study.py, which measures its cells at once: QUESTION; COSTS, a line a preset; measure(preset, data_dir) -> Study
"""

from pathlib import Path
from typing import NamedTuple

from research.catalog.folder_code import read_literal
from research.config.errors import StepladderError, did_you_mean
from research.config.plain import table
from research.config.shipped import SHIPPED

EXPERIMENTS = SHIPPED / "experiments"
PRESET_ORDER = ("quick", "full")  # presets, in the order in which they are told
EXPECTED = "expected.json"


class ExperimentFolder(NamedTuple):
    """A folder, and what the command line calls it: the name of one that comes with the code, else a path."""

    spec: str
    path: Path

    @property
    def name(self) -> str:
        """What reports call it: the folder's own name, wherever the command line comes from."""
        return self.path.resolve().name

    @property
    def is_sweep(self) -> bool:
        """Whether its cells are trained."""
        return (self.path / f"{PRESET_ORDER[0]}.toml").is_file()

    @property
    def is_study(self) -> bool:
        """Whether it is measured at once."""
        return not self.is_sweep and (self.path / "study.py").is_file()

    @property
    def presets(self) -> list[str]:
        """The names of its presets: quick, full, and the others."""
        return list(study_costs(self.path)) if self.is_study else toml_names(self.path)


def toml_names(folder: Path) -> list[str]:
    """The names of a folder's TOML files, without their ending: quick, full, and the others."""
    names = {path.stem for path in folder.glob("*.toml")}
    return [*(preset for preset in PRESET_ORDER if preset in names), *sorted(names - {*PRESET_ORDER})]


def study_costs(folder: Path) -> dict[str, str]:
    """What each preset of a study costs, as its study.py writes it; nothing of it is run."""
    return {preset: str(cost) for preset, cost in table(read_literal(folder / "study.py", "COSTS")).items()}


def shipped_experiments(root: Path = EXPERIMENTS) -> tuple[ExperimentFolder, ...]:
    """Those that come with the code, by name."""
    return tuple(folder._replace(spec=folder.path.name) for folder in _folders_below(root))


def shipped_packs(root: Path = EXPERIMENTS) -> dict[str, Path]:
    """The packs of finished runs that lie beside the presets of those that come with the code, by NAME/PRESET."""
    return {f"{folder.spec}/{path.stem}": path for folder in shipped_experiments(root) for path in sorted(folder.path.glob("*.zip"))}


def own_experiments(root: Path) -> tuple[ExperimentFolder, ...]:
    """Those in a folder of the user's own, or the folder itself where it is one. Raises StepladderError where there are none."""
    itself = ExperimentFolder(str(root), root)
    folders = (itself,) if itself.is_sweep or itself.is_study else _folders_below(root)
    if not folders:
        missing = "there is no such folder" if not root.is_dir() else "no folder in it is an experiment"
        raise StepladderError(f"--in {root}: {missing}. An experiment is a folder with a {PRESET_ORDER[0]}.toml, or with a study.py.")
    return folders


def _folders_below(root: Path) -> tuple[ExperimentFolder, ...]:
    folders = (ExperimentFolder(str(path), path) for path in sorted(root.iterdir() if root.is_dir() else ()) if path.is_dir())
    return tuple(folder for folder in folders if folder.is_sweep or folder.is_study)


def find_experiment(spec: str) -> ExperimentFolder | None:
    """The experiment of this name, or the one that this folder is; None where it is neither."""
    by_name = {folder.spec: folder for folder in shipped_experiments()}
    own = ExperimentFolder(spec, Path(spec))
    return by_name.get(spec) or (own if own.is_sweep or own.is_study else None)


def check_preset(folder: ExperimentFolder, preset: str | None) -> str:
    """The preset, by default the first. Raises StepladderError with the nearest one where the folder lacks it."""
    names = folder.presets
    if preset is not None and preset not in names:
        hint = did_you_mean(preset, names) or ";"
        raise StepladderError(f"--preset {preset} is not there{hint} {folder.spec} has {', '.join(names)}.")
    return preset or PRESET_ORDER[0]
