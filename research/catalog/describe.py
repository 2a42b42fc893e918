"""What experiments ask, cost and claim, for people."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from research.catalog.claims import read_claims
from research.catalog.folder_code import read_literal
from research.catalog.folders import EXPECTED, ExperimentFolder, own_experiments, shipped_experiments, study_costs
from research.config.errors import StepladderError, did_you_mean
from research.config.loader import load_config
from research.config.plain import Tree
from research.config.value_labels import value_text


class ExperimentDescription(NamedTuple):
    """An experiment in brief."""

    name: str
    question: str
    presets: dict[str, str]  # what each costs

    @property
    def lines(self) -> list[str]:
        """Name, question, and a line a preset."""
        return [self.name, f"  {self.question}", *(f"  {preset}: {cost}" for preset, cost in self.presets.items())]


class ExperimentDetail(NamedTuple):
    """An experiment in full."""

    name: str
    question: str
    presets: dict[str, str]
    claims: list[str]
    readme: str
    command: str  # that runs it
    lines: list[str]  # all of it, for people


def list_experiments(root: Path | None) -> tuple[ExperimentFolder, ...]:
    """The experiments in a folder of the user's own, or those that come with the code."""
    return shipped_experiments() if root is None else own_experiments(root)


def describe_experiment(folder: ExperimentFolder) -> ExperimentDescription:
    """Question, presets and their cost. Nothing of the folder's Python is run."""
    if folder.is_study:
        question = str(read_literal(folder.path / "study.py", "QUESTION"))
        return ExperimentDescription(folder.spec, question, study_costs(folder.path))
    experiments = {preset: load_config(folder.path / f"{preset}.toml").experiment for preset in folder.presets}
    first = next(iter(experiments.values()))
    costs = {preset: experiment.cost if experiment else "" for preset, experiment in experiments.items()}
    return ExperimentDescription(folder.spec, first.question if first else "", costs)


def describe_in_full(name: str, folders: Sequence[ExperimentFolder]) -> ExperimentDetail:
    """One experiment: also its claims, its README, and how it is run. Raises StepladderError with the nearest name."""
    by_name = {key: folder for folder in folders for key in (folder.name, folder.spec)}
    if name not in by_name:
        names = ", ".join(folder.name for folder in folders)
        raise StepladderError(f"{name} is no experiment{did_you_mean(name, by_name) or '.'} The experiments are {names}.")
    folder = by_name[name]
    description, readme = describe_experiment(folder), folder.path / "README.md"
    claims = [_claim_text(card) for card in read_claims(folder.path / EXPECTED)]
    command = shlex.join(["stepladder", "reproduce", folder.spec, "--preset", next(iter(description.presets))])
    claim_lines = ["claims:", *(f"  {claim}" for claim in claims)] if claims else []
    readme_lines = [f"what was seen: {readme}"] if readme.is_file() else []
    lines = [*description.lines, *claim_lines, *readme_lines, f"run it: {command}"]
    return ExperimentDetail(*description, claims, str(readme), command, lines)


def _claim_text(card: Tree) -> str:
    return str(card.get("claim") or f"{value_text(card.get('label'))}: {card.get('metric')} {card.get('published')}, {card.get('source')}")
