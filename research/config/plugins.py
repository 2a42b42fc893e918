"""Files of the user's that register kinds of their own: `plugins = ["mine.py"]` imports them before the config is checked."""

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, model_validator

from research.config.errors import StepladderError
from research.config.node import Node, as_tuple
from research.config.plain import Json
from research.config.plugin_source import PluginError, PluginSource, read_plugin
from research.config.plugin_trust import require_allowed
from research.config.registrations import REGISTRATIONS, Registration, take_back
from research.machine import cache_dir

KEPT = "plugins"  # of a cell's folder: where the texts are


class LoadedPlugin(NamedTuple):
    """A plugin that was imported, and what it registered."""

    source: PluginSource
    registrations: tuple[Registration, ...]


LOADED: dict[str, LoadedPlugin] = {}  # by file name


class Plugin(Node):
    """A plugin that is loaded, by the name of its file, and the hash of what it says."""

    file: str
    tree: str

    @model_validator(mode="after")
    def _is_loaded(self) -> "Plugin":
        loaded = LOADED.get(self.file)
        if loaded is None:
            raise ValueError(f"the plugin {self.file} is not loaded; name it in `plugins` at the top of a file, or as plugins=[...]")
        if loaded.source.tree != self.tree:
            raise ValueError(
                f"the plugin {self.file} says something else than it did (its tree was {self.tree} and is {loaded.source.tree} in "
                f"{loaded.source.path}); load the config again, or bring the old file back"
            )
        return self


Plugins = Annotated[tuple[Plugin, ...], BeforeValidator(as_tuple)]


def load_plugins(words: Json, folder: Path, where: str, allow: bool) -> list[Json]:
    """The values of `plugins` as a config holds them, each imported. Raises PluginError.

    words: names of files relative to a folder, or tables of a file and the tree that it must have. where: who says so.
    """
    if not isinstance(words, Sequence) or isinstance(words, str):
        raise PluginError(f'{where}: `plugins` must be an array of files, as plugins = ["mine.py"].')
    tables = [_load_word(word, folder, where, allow) for word in words]
    names = [table["file"] for table in tables]
    for name in names:
        if names.count(name) > 1:
            raise PluginError(f"{where}: `plugins` names two files that are called {name}; a cell knows them by their names: rename one.")
    return list(tables)


def load_kept_plugins(words: Json, folder: Path) -> None:
    """The plugins of a cell, from the texts that its folder keeps. Raises PluginError where they are not those that made it."""
    for word in words if isinstance(words, list) else []:
        table = word if isinstance(word, dict) else {"file": word}
        loaded = LOADED.get(str(table.get("file")))
        if loaded is None or loaded.source.tree != table.get("tree"):
            _load_word(table, folder / KEPT, str(folder / "config.toml"), False)


def carried_plugins(plugins: Sequence[Plugin]) -> list[Json]:
    """Loaded plugins with their texts, for a file that is executed without theirs."""
    return [{"file": plugin.file, "tree": plugin.tree, "texts": LOADED[plugin.file].source.texts} for plugin in plugins]


def load_carried_plugins(words: Json, where: str) -> None:
    """Load plugins that a file carries with their texts, which are written into the cache. Raises PluginError as `load_plugin`."""
    for word in words if isinstance(words, list) else []:
        file, tree, texts = str(word.get("file")), word.get("tree"), word.get("texts", {})
        if file in LOADED and LOADED[file].source.tree == tree:
            continue
        folder = cache_dir() / KEPT / "texts" / str(tree)
        for name, text in texts.items():
            if not (folder / name).resolve().is_relative_to(folder.resolve()):
                raise PluginError(f"{where}: a text of the plugin {file} is called {name}, outside of its folder: do not trust the file.")
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        _load_word({"file": file, "tree": tree}, folder, where, False)


def _load_word(word: Json, folder: Path, where: str, allow: bool) -> dict[str, str]:
    table = word if isinstance(word, dict) else {"file": word}
    file, tree = table.get("file"), table.get("tree")
    if not isinstance(file, str) or not file.endswith(".py"):
        raise PluginError(f'{where}: `plugins` holds {file!r}, and a plugin is a Python file, as "mine.py".')
    source = read_plugin(folder / file, where)
    if tree is not None and source.tree != tree:
        raise PluginError(
            f"{source.path}: this plugin changed since the run: its tree was {tree} and is {source.tree} now ({where}). A run means what "
            "it meant when it was made: undo the change, or train the changed plugin as a cell of its own."
        )
    return {"file": source.file, "tree": load_plugin(source, allow).source.tree}


def load_plugin(source: PluginSource, allow: bool) -> LoadedPlugin:
    """Import a plugin; once for what it says, however often it is named. One of its name that said something else gives way.

    Raises PluginError for a text that is not allowed, for whatever is raised while it is imported, and for a name that is taken.
    """
    loaded = LOADED.get(source.file)
    if loaded is not None and loaded.source.tree == source.tree:
        return loaded
    require_allowed(source, allow)
    if loaded is not None:
        unload_plugin(source.file)
    before = len(REGISTRATIONS)
    try:
        _import(source)
    except (Exception, SystemExit) as error:
        take_back(before)
        raise PluginError(_import_failure(source, error)) from None
    LOADED[source.file] = LoadedPlugin(source, tuple(REGISTRATIONS[before:]))
    return LOADED[source.file]


def unload_plugin(file: str) -> None:
    """Take back what a plugin registered."""
    for registration in reversed(LOADED.pop(file).registrations):
        REGISTRATIONS.remove(registration)
        registration.undo()


def _import(source: PluginSource) -> None:
    """Run the text as a module of its own name. What it imports from its folder comes from there, and not from another plugin's."""
    name = f"stepladder_plugin_{source.path.stem}_{source.tree}"
    module = ModuleType(name)
    module.__file__ = str(source.path)
    for beside in _module_names(source):
        sys.modules.pop(beside, None)
    sys.modules[name] = module
    folder = str(source.folder.resolve())
    sys.path.append(folder)
    try:
        exec(compile(source.texts[source.file], source.path, "exec"), vars(module))
    finally:
        sys.path.remove(folder)


def _module_names(source: PluginSource) -> list[str]:
    """The modules of its folder that it imports."""
    paths = [Path(path).with_suffix("") for path in source.texts if path != source.file]
    return [".".join(path.parent.parts if path.name == "__init__" else path.parts) for path in paths]


def _import_failure(source: PluginSource, error: BaseException) -> str:
    """Where in the plugin's own files it was raised, and what."""
    files = {str(source.folder / name) for name in source.texts} | {str(source.folder.resolve() / name) for name in source.texts}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    place = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else str(source.path)
    if isinstance(error, StepladderError):
        return f"{place}: {error}"
    last = " ".join(traceback.format_exception_only(error)[-1].split()).rstrip(".")
    return f"{place}: this plugin does not import: {last}. Mend it there; nothing was started."
