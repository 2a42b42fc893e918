"""Shapes and types are checked while the tests run, at little cost where nothing is called."""

import ast
import sys
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, ParamSpec, Self, TypeVar, get_args, get_type_hints
from unittest.mock import patch
from zlib import crc32

from beartype import beartype
from jaxtyping import jaxtyped

P, R = ParamSpec("P"), TypeVar("R")
MARK = f"checked{crc32(Path(__file__).read_bytes())}"  # in the names of compiled files


def has_shapes(hint: Any) -> bool:
    """Whether an array's shape, or a tree's, stands anywhere in a hint."""
    inner = (*get_args(hint), *(hint if isinstance(hint, list | tuple) else ()))
    return getattr(hint, "__module__", "").startswith("jaxtyping") or any(map(has_shapes, inner))


def with_checks(function: Callable[P, R]) -> Callable[P, R]:
    """A function that checks its arguments and its result. What letters mean is remembered over a call where there are some: it costs ten
    times as much.
    """
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError:  # of a module that is imported for types alone
        return jaxtyped(function, typechecker=beartype)
    if Self in hints.values():  # which says something of a class that is not here
        function.__annotations__ = {name: Any if hint is Self else hint for name, hint in hints.items()}
    return jaxtyped(beartype(function), typechecker=None) if any(map(has_shapes, hints.values())) else beartype(function)


def checked_when_called(function: Callable[P, R]) -> Callable[P, R]:
    """A function that is checked from its first call on. Most functions of a process are never called, and a check takes 1 ms to make."""
    checked: Callable[P, R] | None = None

    @wraps(function)
    def check(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal checked
        checked = checked or with_checks(function)
        return checked(*args, **kwargs)

    return check


def checked_class(cls: type) -> type:
    """A class whose fields are checked when it is made, if it is a dataclass; all others as they are."""
    if is_dataclass(cls) and not hasattr(cls, "__no_type_check__"):
        cls.__init__ = checked_when_called(cls.__init__)
    return cls


class CheckedLoader(SourceFileLoader):
    """A module whose functions and classes are checked, from its own compiled file."""

    def source_to_code(self, data: bytes, path: str, *, _optimize: int = -1) -> CodeType:
        tree = ast.parse(data, path)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):  # nearest to the function, as other decorators lose its annotations
                node.decorator_list.append(_decorator(checked_when_called, node))
            if isinstance(node, ast.ClassDef):  # when it is a dataclass
                node.decorator_list.insert(0, _decorator(checked_class, node))
        return compile(tree, path, "exec", dont_inherit=True, optimize=_optimize)

    def get_code(self, fullname: str) -> CodeType | None:
        """The name of compiled files is another here alone: what a module imports has its own."""
        with patch("importlib._bootstrap_external.cache_from_source", lambda path: cache_from_source(path, optimization=MARK)):
            return super().get_code(fullname)


def _decorator(function: Callable[..., Any], node: ast.stmt) -> ast.expr:
    """`__import__("type_checks").function`, where the node stands."""
    expression = ast.parse(f"__import__({__name__!r}).{function.__name__}", mode="eval").body
    for part in ast.walk(expression):
        ast.copy_location(part, node)
    return expression


class CheckedFinder(MetaPathFinder):
    """Gives a package's modules to `CheckedLoader`."""

    def __init__(self, package: str):
        self.package = package

    def find_spec(self, fullname: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if f"{fullname}.".startswith(f"{self.package}.") else None
        if spec is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        spec.loader = CheckedLoader(spec.loader.name, spec.loader.path)
        return spec


def install_checks(package: str) -> None:
    """Every function of a package is checked."""
    sys.meta_path.insert(0, CheckedFinder(package))
