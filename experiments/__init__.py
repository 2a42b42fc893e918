"""Questions, each a package: presets as TOML files, a README, the claims in expected.json, and sometimes an analysis of its own."""

import importlib
import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from research.config.errors import StepladderError, did_you_mean
from research.config.loader import Loaded, load
from research.machine import use_workers

HERE = Path(__file__).parent
FIRST = ("quick", "full")  # presets that every experiment has


class Chosen(NamedTuple):
    """What a SPEC of the command line names."""

    loaded: Loaded
    preset: str | None  # None for a file of the user's own
    cards: list[dict[str, Any]]
    analyse: Callable[..., Any] | None  # (manifest, runs_dir, data_dir) -> sections of the report


def names() -> list[str]:
    """The experiments that are here."""
    return sorted(path.parent.name for path in HERE.glob("*/quick.toml"))


def presets(name: str) -> list[str]:
    """The presets of an experiment: quick, full, and what else it asks."""
    others = sorted({path.stem for path in (HERE / name).glob("*.toml")} - {*FIRST})
    return [*(preset for preset in FIRST if (HERE / name / f"{preset}.toml").exists()), *others]


def choose(spec: str, preset: str | None, overrides: Sequence[str]) -> Chosen:
    """An experiment by its name (quick where no preset is named), or else a TOML file. Raises StepladderError with the nearest name."""
    if spec in names():
        preset, known = preset or FIRST[0], presets(spec)
        if preset not in known:
            raise StepladderError(f"--preset {preset} is not there{did_you_mean(preset, known) or ';'} {spec} has {', '.join(known)}.")
        return Chosen(load(HERE / spec / f"{preset}.toml", overrides), preset, cards(spec, preset), _analysis(spec))
    if not spec.endswith(".toml") and not Path(spec).exists():
        hint = did_you_mean(spec, names()) or "."
        raise StepladderError(
            f"{spec} is neither an experiment nor a file{hint} The experiments are {', '.join(names())}; a file ends in .toml."
        )
    if preset:
        raise StepladderError(f"--preset {preset} is for experiments, and {spec} is a file, which is one preset by itself. Leave it out.")
    return Chosen(load(spec, overrides), None, [], None)


def cards(name: str, preset: str) -> list[dict[str, Any]]:
    """The claims of an experiment that are about this preset."""
    path = HERE / name / "expected.json"
    found = json.loads(path.read_text())["cards"] if path.exists() else []
    return [{key: value for key, value in card.items() if key != "presets"} for card in found if preset in card.get("presets", FIRST)]


def describe() -> list[dict[str, Any]]:
    """Question, presets and their cost, for people."""
    found = []
    for name in names():
        loaded = {preset: load(HERE / name / f"{preset}.toml") for preset in presets(name)}
        asked = loaded["quick"].experiment
        costs = {preset: one.experiment.cost if one.experiment else "" for preset, one in loaded.items()}
        found.append({"name": name, "question": asked.question if asked else "", "presets": costs})
    return found


def _analysis(name: str) -> Callable[..., Any] | None:
    """Imported when it is called: it may need jax, whose flags are set before that, as for the runs."""
    module = f"experiments.{name}.analysis"
    if importlib.util.find_spec(module) is None:
        return None

    def analyse(*args: Any) -> Any:
        use_workers(None)
        return importlib.import_module(module).analyse(*args)

    return analyse
