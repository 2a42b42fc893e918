"""Every shipped config loads and says what it is for."""

import tomllib
from pathlib import Path

import pytest

from research.config.loader import load_config

ROOT = Path(__file__).parents[2] / "configs"
FILES = sorted(ROOT.rglob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_config_loads(path: Path) -> None:
    declared_base = tomllib.loads(path.read_text()).get("base", False)
    loaded = load_config(path, ["model.kind=ngram"] if declared_base else [])
    assert loaded.config is not None or loaded.points()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_config_opens_with_why_cost_number_and_source(path: Path) -> None:
    head = "".join(line for line in path.read_text().splitlines(keepends=True) if line.startswith("#"))
    assert path.read_text().startswith("# Why:")
    assert all(word in head for word in ("\n# cost:", "\n# number:", "\n# source:"))
