"""docs/architecture.md names functions and modules by their dotted names: each is there."""

import re
from importlib import import_module
from pathlib import Path

import pytest

import research

ROOT = Path(__file__).parents[1]
PACKAGES = sorted(folder.name for folder in Path(research.__path__[0]).iterdir() if (folder / "__init__.py").exists())
DRAWING = (ROOT / "docs" / "architecture.md").read_text("utf-8")
NAMES = sorted({name.rstrip(".") for name in re.findall(rf"\b(?:{'|'.join(PACKAGES)})\.[\w.]+", DRAWING)})


def resolves(name: str) -> bool:
    package, *rest = name.split(".")
    modules = [".".join(["research", package, *rest[:depth]]) for depth in range(len(rest) + 1)]
    for module, depth in reversed(list(zip(modules, range(len(rest) + 1), strict=True))):
        try:
            value = import_module(module)
        except ModuleNotFoundError:
            continue
        return len(rest) - depth <= 1 and all(hasattr(value, part) for part in rest[depth:])
    return False


def test_the_drawing_names_much_of_the_library():
    assert len(NAMES) > 30
    assert not resolves("train.update.no_such_function")
    assert not resolves("train.no_such_module")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_the_drawing_is_there(name):
    assert resolves(name)
