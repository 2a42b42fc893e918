"""Questions, each a package: a README, the claims in expected.json, and what is asked, in one of two forms.

sweep  presets as TOML files, whose cells are trained; sometimes an analysis of its own
study  study.py, which measures its cells at once: QUESTION; COSTS, a line a preset; measure(preset, data_dir) -> Study
"""

import importlib
import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from research.config.errors import StepladderError, did_you_mean
from research.config.find import find_config
from research.config.loader import LoadedConfig, load_config
from research.machine import use_workers

if TYPE_CHECKING:
    from research.report.study import Study

HERE = Path(__file__).parent
PRESET_ORDER = ("quick", "full")  # presets, in the order in which they are told


class Chosen(NamedTuple):
    """What a SPEC of the command line names."""

    loaded: LoadedConfig
    spec: str
    overrides: tuple[str, ...]
    preset: str | None  # None for a file of the user's own
    cards: list[dict[str, Any]]
    analyse: Callable[..., Any] | None  # (manifest, runs_dir, data_dir) -> sections of the report


def sweep_names() -> list[str]:
    """The experiments that are sweeps."""
    return sorted(path.parent.name for path in HERE.glob("*/quick.toml"))


def study_names() -> list[str]:
    """The experiments that are studies."""
    return sorted(path.parent.name for path in HERE.glob("*/study.py"))


def presets(name: str) -> list[str]:
    """The presets of an experiment: quick, full, and what else it asks."""
    others = sorted({path.stem for path in (HERE / name).glob("*.toml")} - {*PRESET_ORDER})
    return [*(preset for preset in PRESET_ORDER if (HERE / name / f"{preset}.toml").exists()), *others]


def choose_experiment(spec: str, preset: str | None, overrides: Sequence[str]) -> Chosen:
    """An experiment by its name (quick where no preset is named), or else a TOML file. Raises StepladderError with the nearest name."""
    if spec in sweep_names():
        preset, preset_names = preset or PRESET_ORDER[0], presets(spec)
        if preset not in preset_names:
            raise StepladderError(
                f"--preset {preset} is not there{did_you_mean(preset, preset_names) or ';'} {spec} has {', '.join(preset_names)}."
            )
        loaded = load_config(HERE / spec / f"{preset}.toml", overrides)
        return Chosen(loaded, spec, tuple(overrides), preset, claim_cards(spec, preset), _analysis(spec))
    if spec in study_names():
        raise StepladderError(
            f"{spec} is a study: it is measured at once, and has no cells to train, show or report later. "
            f"`stepladder reproduce {spec}` measures it and writes its report."
        )
    experiments = sorted([*sweep_names(), *study_names()])
    if not spec.endswith(".toml") and not Path(spec).exists() and (hint := did_you_mean(spec, experiments)):
        raise StepladderError(
            f"{spec} is neither an experiment nor a file{hint} The experiments are {', '.join(experiments)}; a file ends in .toml."
        )
    path = find_config(spec)
    if preset:
        raise StepladderError(f"--preset {preset} is for experiments, and {spec} is a file, which is one preset by itself. Leave it out.")
    return Chosen(load_config(path, overrides), spec, tuple(overrides), None, [], None)


def measure_study(name: str, preset: str | None, overrides: Sequence[str], data_dir: Path | None) -> tuple["Study", list[dict[str, Any]]]:
    """A study's numbers and the claims about them. Raises StepladderError for a preset that it lacks, and for overrides."""
    study = _study(name)
    if overrides:
        raise StepladderError(f"{name} is a study, which has no config to change: leave out {' '.join(overrides)}.")
    preset = preset or PRESET_ORDER[0]
    if preset not in study.COSTS:
        preset_names = list(study.COSTS)
        raise StepladderError(
            f"--preset {preset} is not there{did_you_mean(preset, preset_names) or ';'} {name} has {', '.join(preset_names)}."
        )
    return study.measure(preset, data_dir), claim_cards(name, preset)


def claim_cards(name: str, preset: str) -> list[dict[str, Any]]:
    """The claims of an experiment that are about this preset."""
    path = HERE / name / "expected.json"
    claims = json.loads(path.read_text(encoding="utf-8"))["cards"] if path.exists() else []
    for number, card in enumerate(claims, start=1):
        _check_presets(name, card, f"{path}, card {number}")
    return [
        {key: value for key, value in card.items() if key != "presets"} for card in claims if preset in card.get("presets", PRESET_ORDER)
    ]


def _check_presets(name: str, card: dict[str, Any], where: str) -> None:
    """A claim about a preset that is not there would be about nothing."""
    preset_names = list(_study(name).COSTS) if name in study_names() else presets(name)
    for preset in card.get("presets", ()):
        if preset not in preset_names:
            hint = did_you_mean(preset, preset_names) or ";"
            raise StepladderError(
                f"{where}: `presets` names {preset!r}, which {name} does not have{hint} it has {', '.join(preset_names)}."
            )


def describe_experiments() -> list[dict[str, Any]]:
    """Question, presets and their cost, for people."""
    descriptions = []
    for name in sweep_names():
        loaded_by_preset = {preset: load_config(HERE / name / f"{preset}.toml") for preset in presets(name)}
        experiment = loaded_by_preset["quick"].experiment
        costs = {preset: loaded.experiment.cost if loaded.experiment else "" for preset, loaded in loaded_by_preset.items()}
        descriptions.append({"name": name, "question": experiment.question if experiment else "", "presets": costs})
    for name in study_names():
        study = _study(name)
        descriptions.append({"name": name, "question": study.QUESTION, "presets": dict(study.COSTS)})
    return sorted(descriptions, key=lambda description: str(description["name"]))


def lines_of(experiment: dict[str, Any]) -> list[str]:
    """Name, question, and a line a preset."""
    costs = [f"  {preset}: {cost}" for preset, cost in experiment["presets"].items()]
    return [experiment["name"], f"  {experiment['question']}", *costs]


def detail(name: str) -> dict[str, Any]:
    """One experiment in full: also its claims, its README, and how it is run. Raises StepladderError with the nearest name."""
    by_name = {experiment["name"]: experiment for experiment in describe_experiments()}
    if name not in by_name:
        raise StepladderError(f"{name} is no experiment{did_you_mean(name, by_name) or '.'} The experiments are {', '.join(by_name)}.")
    path, readme = HERE / name / "expected.json", HERE / name / "README.md"
    claims = [card["claim"] for card in json.loads(path.read_text(encoding="utf-8"))["cards"]] if path.exists() else []
    command = f"stepladder reproduce {name} --preset {next(iter(by_name[name]['presets']))}"
    claim_lines = ["claims:", *(f"  {claim}" for claim in claims)] if claims else []
    lines = [*lines_of(by_name[name]), *claim_lines, f"what was seen: {readme}", f"run it: {command}"]
    return by_name[name] | {"claims": claims, "readme": str(readme), "command": command, "lines": lines}


def _study(name: str) -> Any:
    """Its module, which imports what it measures with when it measures."""
    return importlib.import_module(f"experiments.{name}.study")


def _analysis(name: str) -> Callable[..., Any] | None:
    """Imported when it is called: it may need jax, whose flags are set before that, as for the runs."""
    module = f"experiments.{name}.analysis"
    if importlib.util.find_spec(module) is None:
        return None

    def analyse(*args: Any) -> Any:
        use_workers(None)
        return importlib.import_module(module).analyse(*args)

    return analyse
