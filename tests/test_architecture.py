"""Pages of docs/ name functions and modules by their dotted names, and files by their paths: each is there."""

import re
from pathlib import Path
from pkgutil import resolve_name

import pytest

import research

ROOT = Path(__file__).parents[1]
PACKAGES = sorted(folder.name for folder in Path(research.__path__[0]).iterdir() if (folder / "__init__.py").exists())
DRAWING = (ROOT / "docs" / "architecture.md").read_text("utf-8")
NAMES = sorted({name.rstrip(".") for name in re.findall(rf"\b(?:{'|'.join(PACKAGES)})\.[\w.]+", DRAWING)})


def resolves(name: str) -> bool:
    try:
        resolve_name(f"research.{name}")
    except (ImportError, AttributeError):
        return False
    return True


def test_the_drawing_names_much_of_the_library():
    assert len(NAMES) > 30
    assert not resolves("train.update.no_such_function")
    assert not resolves("train.no_such_module")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_the_drawing_is_there(name):
    assert resolves(name)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_a_file_that_a_page_names_is_there(page):
    paths = re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", page.read_text("utf-8"))
    assert [path for path in paths if not any((place / path).exists() for place in (ROOT, ROOT / "research"))] == []
