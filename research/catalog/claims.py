"""The claims of a folder's expected.json, by the preset that they are about."""

import json
from pathlib import Path

from research.catalog.folders import EXPECTED, PRESET_ORDER, ExperimentFolder, toml_names
from research.config.errors import StepladderError, did_you_mean
from research.config.plain import Json, Tree, table
from research.config.unicode import decode


def claim_cards(folder: ExperimentFolder, preset: str) -> list[Tree]:
    """The claims about this preset, or about this TOML file of a folder that is no experiment.

    A claim names its `presets`. One that does not is about quick and full, and in a folder without quick about every file. Raises
    StepladderError where expected.json is no list of cards, or a claim names a preset that is not there.
    """
    path = folder.path / EXPECTED
    names = folder.presets if folder.is_study else toml_names(folder.path)
    by_default = PRESET_ORDER if folder.is_sweep or folder.is_study else names
    cards = read_claims(path)
    for number, card in enumerate(cards, start=1):
        _check_presets(folder, names, card, f"{path}, card {number}")
    return [{key: value for key, value in card.items() if key != "presets"} for card in cards if preset in _presets(card, by_default)]


def read_claims(path: Path) -> list[Tree]:
    """Every card of an expected.json, unchecked but for being tables; none where there is no such file."""
    if not path.is_file():
        return []
    example = '{"cards": [{"kind": "order", "claim": "...", ...}]}'
    try:
        contents: Json = json.loads(decode(path.read_bytes(), str(path), advice="Save the file as UTF-8."))
    except json.JSONDecodeError as error:
        raise StepladderError(f"{path}, line {error.lineno}: this is no JSON: {error.msg}. It holds {example}.") from None
    cards = table(contents).get("cards")
    if not isinstance(cards, list) or not all(isinstance(card, dict) for card in cards):
        raise StepladderError(f"{path}: `cards` is no list of tables. The claims about a folder's tables are {example}.")
    return cards


def _presets(card: Tree, by_default: list[str] | tuple[str, ...]) -> list[str]:
    named = card.get("presets", by_default)
    return [str(preset) for preset in named] if isinstance(named, list | tuple) else [str(named)]


def _check_presets(folder: ExperimentFolder, names: list[str], card: Tree, where: str) -> None:
    """A claim about a preset that is not there would be about nothing."""
    for preset in _presets(card, ()):
        if preset not in names:
            hint = did_you_mean(preset, names) or ";"
            raise StepladderError(
                f"{where}: `presets` names {preset!r}, which {folder.spec} does not have{hint} it has {', '.join(names)}."
            )
