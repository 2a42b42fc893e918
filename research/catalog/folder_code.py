"""The Python files of a folder: read without being run, and imported by their path once they are wanted."""

import ast
import importlib
import sys
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from research.config.errors import StepladderError
from research.config.plain import Json
from research.config.unicode import decode

_ASSIGNMENTS = (ast.Assign, ast.AnnAssign)


def import_file(path: Path) -> ModuleType:
    """The module of a file, run once. Files of its folder import each other as those of a package do: `from .figures import ...`.

    The folder is a package under a name that follows from its path, so that two folders may have files of one name.
    """
    folder = path.parent.resolve()
    name = f"stepladder_folder_{sha256(str(folder).encode()).hexdigest()[:12]}"
    package = sys.modules.setdefault(name, ModuleType(name, f"The Python files of {folder}."))
    package.__path__ = [str(folder)]
    return importlib.import_module(f"{name}.{path.stem}")


def defines(path: Path, name: str) -> bool:
    """Whether a Python file has this name at its top, its own or imported. Raises StepladderError for one that is nearly called so."""
    tree = _syntax_tree(path)
    values = (node.targets if isinstance(node, ast.Assign) else [node.target] for node in tree.body if isinstance(node, _ASSIGNMENTS))
    defined = {target.id for targets in values for target in targets if isinstance(target, ast.Name)}
    defined |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    imported = {alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    if name in defined | imported:
        return True
    by_lower = {other.lower(): other for other in sorted(defined)}
    if near := get_close_matches(name.lower(), by_lower, n=1):
        raise StepladderError(f"{path} has `{by_lower[near[0]]}`, and nothing that is called `{name}`; call it so, or the file otherwise.")
    return False


def read_literal(path: Path, name: str) -> Json:
    """The value that a Python file gives a name at its top, written out. Raises StepladderError where there is none."""
    values = [node.value for node in _syntax_tree(path).body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name]
    try:
        value: Json = ast.literal_eval(values[-1])
    except (IndexError, ValueError):
        raise StepladderError(f"{path}: `{name}` is not there as a value that is written out, such as {name} = ... of texts.") from None
    return value


def _syntax_tree(path: Path) -> ast.Module:
    try:
        return ast.parse(decode(path.read_bytes(), str(path), advice="Save the file as UTF-8."))
    except SyntaxError as error:
        raise StepladderError(f"{path}, line {error.lineno}: this is no Python: {error.msg}.") from None
