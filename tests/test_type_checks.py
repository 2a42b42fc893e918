"""A function is checked at its first call and at every other, and the hook that sees to it compiles nothing but this project."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import pytest
from beartype.roar import BeartypeCallHintParamViolation, BeartypeCallHintReturnViolation
from jaxtyping import Float, PyTree
from type_checks import MARK, CheckedFinder, checked_class, checked_when_called, has_shapes

from research.data.corruption import split_sentences


@checked_when_called
def joined(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " m"]) -> Float[np.ndarray, " n+m"]:
    return np.concatenate([a, b[: int(a[0])]])


def test_arguments_and_results_are_checked_at_every_call():
    assert len(joined(np.full(2, 3.0), np.ones(3))) == 5
    for _ in range(2):
        with pytest.raises(BeartypeCallHintReturnViolation, match="joined"):
            joined(np.full(2, 2.0), np.ones(3))
        with pytest.raises(BeartypeCallHintParamViolation, match="joined"):
            joined(np.ones((2, 2)), np.ones(3))


def test_the_functions_of_the_project_are_checked():
    with pytest.raises(BeartypeCallHintParamViolation, match="split_sentences"):
        split_sentences(3)


@checked_class
@dataclass
class Pair:
    a: Float[np.ndarray, " n"]
    b: Float[np.ndarray, " n"]


def test_the_fields_of_a_dataclass_are_checked():
    assert len(Pair(np.ones(2), np.ones(2)).a) == 2
    with pytest.raises(BeartypeCallHintParamViolation, match="b="):
        Pair(np.ones(2), np.ones(3))


@pytest.mark.parametrize("hint", [list[Float[np.ndarray, " n"]], Callable[[PyTree], int], dict[str, PyTree] | None, PyTree[int]])
def test_shapes_are_seen_wherever_they_stand(hint):
    assert has_shapes(hint)


@pytest.mark.parametrize("hint", [int, None, np.ndarray, dict[str, list[int]], Callable[[int], str], Callable[..., int | None]])
def test_hints_without_shapes_are_told_apart(hint):
    assert not has_shapes(hint)


def test_modules_of_a_package_are_checked_and_what_they_import_has_its_own_compiled_files(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "meta_path", [CheckedFinder("inside"), *sys.meta_path])
    monkeypatch.syspath_prepend(tmp_path)
    source = "def twice(number: int) -> int:\n    return number * 2\n"
    (tmp_path / "inside.py").write_text("import outside\n" + source)
    (tmp_path / "outside.py").write_text(source)
    inside = import_module("inside")
    with pytest.raises(BeartypeCallHintParamViolation, match="twice"):
        inside.twice("a")
    assert inside.outside.twice("a") == "aa"
    marked = {path.name.split(".")[0]: MARK in path.name for path in (tmp_path / "__pycache__").iterdir()}
    assert marked == {"inside": True, "outside": False}
