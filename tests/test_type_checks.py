"""A function is checked at its first call and at every other, and the hook that sees to it compiles nothing but this project."""

import sys

import numpy as np
import pytest
from jaxtyping import Float, TypeCheckError, jaxtyped
from type_checks import beartype_when_called

from research.classic import bag_of_words
from research.data.corruption import split_sentences


@jaxtyped(typechecker=beartype_when_called)
def joined(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " m"]) -> Float[np.ndarray, " n+m"]:
    return np.concatenate([a, b[: int(a[0])]])


def test_arguments_and_results_are_checked_at_every_call():
    assert len(joined(np.full(2, 3.0), np.ones(3))) == 5
    for _ in range(2):
        with pytest.raises(TypeCheckError, match="return value"):
            joined(np.full(2, 2.0), np.ones(3))
        with pytest.raises(TypeCheckError, match="parameters"):
            joined(np.ones((2, 2)), np.ones(3))


def test_the_functions_of_the_project_are_checked():
    with pytest.raises(TypeCheckError, match="split_sentences"):
        split_sentences(3)


def test_what_a_module_imports_has_its_own_compiled_files():
    assert bag_of_words.__name__ in sys.modules
    assert "jaxtyping" not in sys.modules["sklearn"].__cached__
