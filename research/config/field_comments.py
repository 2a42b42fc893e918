"""What the source says of a word of a config: the comment behind the field."""

import ast
import importlib
import inspect
import io
import tokenize
from functools import cache

from pydantic import BaseModel


def field_comments(node: type[BaseModel]) -> dict[str, str]:
    """The comment of each field that has one, those of base classes included, by the field's name."""
    comments: dict[str, str] = {}
    for base in reversed(node.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            comments |= _module_comments(base.__module__).get(base.__qualname__, {})
    return comments


@cache
def _module_comments(name: str) -> dict[str, dict[str, str]]:
    """Of each class of a module the comments of its fields."""
    source = inspect.getsource(importlib.import_module(name))
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    by_line = {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    return {
        node.name: {field: by_line[line] for field, line in _fields(node) if line in by_line and not by_line[line].startswith("type:")}
        for node in classes
    }


def _fields(node: ast.ClassDef) -> list[tuple[str, int]]:
    """The names that a class declares, and the lines on which their declarations end."""
    declared = [item for item in node.body if isinstance(item, ast.AnnAssign)]
    return [(item.target.id, item.end_lineno or item.lineno) for item in declared if isinstance(item.target, ast.Name)]
