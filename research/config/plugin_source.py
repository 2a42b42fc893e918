"""What a plugin says: its text and those of the files that it imports from its own folder, and the hash of their syntax trees.

A comment, a blank line or a docstring is in the text and not in the trees, so that it changes no cell.
"""

import ast
import sys
from collections.abc import Sequence
from hashlib import sha256
from importlib.machinery import PathFinder
from pathlib import Path
from types import EllipsisType
from typing import TYPE_CHECKING, NamedTuple

from research.config.errors import StepladderError
from research.config.unicode import decode

OURS = ("research", "experiments")  # packages that may lie beside a plugin and are no part of it
DIGITS = 16  # of a tree's hash
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
Constant = str | int | float | complex | bytes | bool | EllipsisType | None
if TYPE_CHECKING:
    AstValue = ast.AST | Sequence["AstValue"] | Constant  # what a field of a syntax tree holds
else:
    AstValue = ast.AST | list | Constant


class PluginError(StepladderError):
    """A plugin that is not there, not allowed, does not import, or is not the one that is meant."""


class PluginSource(NamedTuple):
    """A plugin as it stands in its folder. `texts`: by path relative to the folder, the plugin's own first."""

    folder: Path
    file: str
    tree: str
    texts: dict[str, str]

    @property
    def path(self) -> Path:
        """Where it was read."""
        return self.folder / self.file

    @property
    def text_digest(self) -> str:
        """The sha256 of its texts, comments and all."""
        return sha256("\0".join(part for item in self.texts.items() for part in item).encode()).hexdigest()


def read_plugin(path: Path, where: str = "") -> PluginSource:
    """The plugin of a file, and what it imports from its own folder. Raises PluginError; `where` says in it who names the file."""
    texts, trees = {path.name: _read(path, where)}, {}
    pending = [path.name]
    while pending:
        name = pending.pop()
        trees[name] = _parse(path.parent / name, texts[name])
        for beside in _imported_files(trees[name], path.parent):
            if beside not in texts:
                texts[beside] = _read(path.parent / beside, str(path))
                pending.append(beside)
    return PluginSource(path.parent, path.name, _hash(path.name, trees), texts)


def canonical_tree(node: AstValue) -> str:
    """A tree as a text without positions, docstrings, and fields that are empty: as `ast.dump` has it, whatever the version of Python."""
    if isinstance(node, list):
        return f"[{', '.join(map(canonical_tree, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [(name, value) for name, value in ast.iter_fields(node) if value is not None and value != []]
    if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
        fields = [(name, value[1:] if name == "body" else value) for name, value in fields]
    return f"{type(node).__name__}({', '.join(f'{name}={canonical_tree(value)}' for name, value in fields)})"


def _hash(name: str, trees: dict[str, ast.Module]) -> str:
    """The plugin may be renamed; what it imports is named in it."""
    others = [(beside, canonical_tree(tree)) for beside, tree in sorted(trees.items()) if beside != name]
    return sha256(repr([canonical_tree(trees[name]), others]).encode()).hexdigest()[:DIGITS]


def _read(path: Path, where: str) -> str:
    named = f" ({where} names it)" if where else ""
    try:
        return decode(path.read_bytes(), f"{path}{named}", advice="Save the file as UTF-8.")
    except FileNotFoundError:
        raise PluginError(f"{path}: there is no such file{named}. The path of a plugin is relative to the file that names it.") from None
    except OSError as error:
        raise PluginError(f"{path}: cannot be read{named}: {error.strerror}. A plugin is one Python file.") from None


def _parse(path: Path, text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise PluginError(f"{path}{line}: this plugin does not import: {type(error).__name__}: {reason}. Mend it there.") from None


def _imported_files(tree: ast.Module, folder: Path) -> list[str]:
    """The files of its own folder that a module imports, each with the packages that it lies in, by their relative paths."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    paths = [path for name in names if _is_beside(name.split(".")[0], folder) for path in _module_files(name)]
    return [path for path in dict.fromkeys(paths) if (folder / path).is_file()]


def _is_beside(name: str, folder: Path) -> bool:
    """Whether an import of this name finds the plugin's folder, which comes last."""
    if name in (*OURS, *sys.stdlib_module_names):
        return False
    spec = PathFinder.find_spec(name, [*sys.path, str(folder)])
    origin = spec.origin if spec is not None else None
    return origin is not None and Path(origin).resolve().is_relative_to(folder.resolve())


def _module_files(name: str) -> list[str]:
    """Where the parts of a dotted name may lie."""
    parts = name.split(".")
    return [f"{'/'.join(parts[:end])}{ending}" for end in range(1, len(parts) + 1) for ending in (".py", "/__init__.py")]
