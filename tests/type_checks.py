"""Shapes and types are checked while the tests run, at little cost where nothing is called."""

from collections.abc import Callable
from functools import partial
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import ParamSpec, TypeVar
from unittest.mock import patch

from beartype import beartype
from jaxtyping import _import_hook, install_import_hook

P, R = ParamSpec("P"), TypeVar("R")


def beartype_when_called(function: Callable[P, R]) -> Callable[P, R]:
    """A function that is checked from its first call on. Most functions of a process are never called, and a check takes 1 ms to make."""
    checked: Callable[P, R] | None = None

    def check(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal checked
        checked = checked or beartype(function)
        return checked(*args, **kwargs)

    return check


def install_checks(modules: list[str]) -> None:
    """Every function of these modules is checked, and what they import is read from its own compiled files.

    While jaxtyping's hook runs a module, whatever the module imports is looked for under the hook's name for compiled files, so that all of
    scikit-learn would be compiled anew by each process.
    """

    def get_code(loader: _import_hook._JaxtypingLoader, name: str) -> CodeType | None:
        cached = partial(_import_hook._optimized_cache_from_source, loader._typechecker.get_hash())
        with patch("importlib._bootstrap_external.cache_from_source", cached):
            return SourceFileLoader.get_code(loader, name)

    _import_hook._JaxtypingLoader.get_code = get_code
    _import_hook._JaxtypingLoader.exec_module = SourceFileLoader.exec_module
    install_import_hook(modules, f"{__name__}.{beartype_when_called.__name__}")
