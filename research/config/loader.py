"""From a TOML file and overrides to a checked config, remembering what was dropped and where each value came from.

A file may say `extends = "base.toml"`, relative to itself, or else the path of a file that comes with the code, as
configs/lm/lstm_tiny.toml; chains are allowed. Tables merge deeply, scalars and arrays replace, and the kind rule of `merge` holds for each
layer. A file with `base = true` is there to be extended and need not be complete. Paths of the user's own text (data.train, data.valid,
data.test) are relative to the current directory, wherever the file stands.
"""

import json
import os
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path as FilePath
from typing import TypeVar

from pydantic import ValidationError

from research.config.errors import DamagedFileError, StepladderError, clipped, did_you_mean
from research.config.experiment import Experiment
from research.config.fields import Path
from research.config.merge import Assignment, Dropped, Merged, apply_layer, assignments
from research.config.node import Node
from research.config.overrides import COMMAND_LINE, TABLES, parse_override, parse_overrides
from research.config.plain import Json, Tree
from research.config.plugins import load_kept_plugins, load_plugins
from research.config.resolve import canonical_config
from research.config.schema import Config
from research.config.shipped import SHIPPED, extended_file
from research.config.sweep import Sweep
from research.config.sweep_axes import row_names
from research.config.sweep_checks import check_overrides
from research.config.sweep_points import SweepPoint, expand_sweep
from research.config.toml_text import UnreadableValue, check_key_count, checked_path, parse_toml, toml_reason
from research.config.tuned_by import Choices, read_choices
from research.config.unicode import decode, split_lines
from research.config.validation_errors import explain

ROOTS = (FilePath(), SHIPPED)  # where experiments/ and configs/ may stand: here, and with the code
AnyNode = TypeVar("AnyNode", bound=Node)


@dataclass(frozen=True)
class LoadedConfig:
    """A file with its overrides, merged and checked."""

    path: FilePath
    tree: Tree  # the words of the config alone
    config: Config | None  # None where only a sweep's points are complete
    sweep: Sweep | None
    experiment: Experiment | None
    dropped: tuple[Dropped, ...]
    origin: dict[str, str]  # dotted key -> file or "command line"
    named: frozenset[Path]  # keys that the command, or a file from the first with a sweep on, names: a point's change of kind keeps them

    @property
    def choices(self) -> Choices | None:
        """What another preset chose for the rows, where `sweep.tuned_by` names its file, which lies beside the file that names it."""
        if self.sweep is None or not self.sweep.tuned_by:
            return None
        source = self.origin.get("sweep.tuned_by", str(self.path))
        folder = FilePath() if source == COMMAND_LINE else FilePath(source).parent
        return read_choices(folder / self.sweep.tuned_by, str(self.path))

    def points(self) -> tuple[SweepPoint, ...]:
        """The cells of the sweep; a file without one is a sweep of a single point."""
        return expand_sweep(self.tree, self.sweep or Sweep(), self.named, str(self.path), self.choices)


def load_config(path: FilePath | str, overrides: Sequence[str] = (), allow_plugins: bool = False) -> LoadedConfig:
    """Read a TOML file, what it extends, and overrides `a.b=value`. Raises StepladderError for every mistake of the user's.

    The plugins that it names are imported before a word is checked. `allow_plugins`: also those whose text was never allowed here.
    """
    path = checked_path(path)
    layers = _read_chain(path, ())
    plugins = _load_plugins_of(layers, overrides, allow_plugins)
    merged = Merged({}, (), {})
    for file, tree in layers:
        words = assignments(_config_words(tree, plugins), str(file))
        check_key_count(words, str(file))
        merged = apply_layer(merged, words)
    command = [word._replace(value=plugins) if word.path == ("plugins",) else word for word in parse_overrides(overrides)]
    merged = apply_layer(merged, command)
    first_with_sweep = next((index for index, (_, tree) in enumerate(layers) if "sweep" in tree), len(layers))
    sweep_assignments = [assignment for _, tree in layers[first_with_sweep:] for assignment in assignments(tree, "")]
    named = frozenset(assignment.path for assignment in (*sweep_assignments, *command) if assignment.path[0] in Config.model_fields)
    return _validated(path, merged, named, command, bool(layers[-1][1].get("base")))


def spec_digest(path: FilePath, overrides: Sequence[str]) -> str:
    """What identifies the words of a file, of all that it extends and of a command, before any plugin is imported."""
    words = [[tree for _, tree in _read_chain(path, ())], list(overrides)]
    return sha256(json.dumps(words, sort_keys=True, default=str).encode()).hexdigest()


def with_overrides(tree: Tree, overrides: Sequence[str]) -> Config:
    """A config that no file holds, with overrides `a.b=value`. Raises StepladderError for every mistake of the user's."""
    merged = apply_layer(apply_layer(Merged({}, (), {}), assignments(tree, "the run")), parse_overrides(overrides))
    try:
        return Config.model_validate(merged.tree)
    except ValidationError as error:
        raise StepladderError(explain(error, Config, merged.tree, _Where("the run", merged.origin))) from None


def read_config(path: FilePath) -> Config:
    """The config.toml of a run, in its one spelling. Raises StepladderError where this code cannot read it, or a plugin is missing."""
    try:
        tree = _read(path, None)
    except StepladderError as error:
        advice = "`stepladder train` or `sweep` with the words of the cell writes it anew; or bring it back from a copy."
        raise DamagedFileError(path, f"is not the config that was written ({error})", advice) from None
    load_kept_plugins(tree.get("plugins"), path.parent)
    return config_from_tree(tree, str(path))


def config_from_tree(tree: Tree, place: str) -> Config:
    """A config that was checked before and kept as plain values at a place, in its one spelling."""
    merged = apply_layer(Merged({}, (), {}), assignments(tree, place))
    try:
        return canonical_config(Config.model_validate(merged.tree))
    except ValidationError as error:
        message = explain(error, Config, merged.tree, lambda _: place)
        raise StepladderError(f"{message} An older code wrote this, or it was edited; open it with the code that made it.") from None


def _load_plugins_of(layers: Sequence[tuple[FilePath, Tree]], overrides: Sequence[str], allow: bool) -> list[Json] | None:
    """The plugins of the last layer that names any, imported, as a config holds them; None where none does."""
    commanded = [value for path, value in map(parse_override, overrides) if path == ("plugins",)]
    if commanded:
        return load_plugins(commanded[0], FilePath(), COMMAND_LINE, allow)
    naming = [(file, tree["plugins"]) for file, tree in layers if "plugins" in tree]
    return load_plugins(naming[-1][1], naming[-1][0].parent, str(naming[-1][0]), allow) if naming else None


def _config_words(tree: Tree, plugins: list[Json] | None) -> Tree:
    """A file's words without those that say what kind of file it is, and with the plugins that were loaded in the place of their files."""
    return {key: plugins if key == "plugins" else value for key, value in tree.items() if key not in ("extends", "base")}


def _read_chain(path: FilePath, seen: tuple[FilePath, ...]) -> list[tuple[FilePath, Tree]]:
    """The file after all that it extends, base first."""
    if os.path.realpath(path) in [os.path.realpath(file) for file in seen]:
        chain = " -> ".join(str(file) for file in (*seen, path))
        raise StepladderError(f"{path}: `extends` goes round in a circle: {chain}. Take one of them out.")
    tree = _read(path, seen[-1] if seen else None)
    if "extends" not in tree:
        return [(path, tree)]
    if not isinstance(tree["extends"], str):
        raise StepladderError(f'{path}: `extends` must be the name of one file, as extends = "base.toml".')
    return [*_read_chain(extended_file(path, tree["extends"]), (*seen, path)), (path, tree)]


def _read(path: FilePath, extended_by: FilePath | None) -> Tree:
    extension = f" (`extends` of {extended_by})" if extended_by else ""
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise StepladderError(f"{path}: this is a pipe or a device{extension}, which is read once and may never end; name a file.")
        text = decode(path.read_bytes(), f"{path}{extension}", advice="Save the file as UTF-8.")
        return parse_toml(text)
    except UnreadableValue as error:
        raise StepladderError(f"{path}{extension}: {error}.") from None
    except FileNotFoundError:
        raise StepladderError(f"{path}: there is no such file{extension}{_suggestion(path)}") from None
    except IsADirectoryError:
        raise StepladderError(f"{path}: this is a directory{extension}; name one of its TOML files.") from None
    except tomllib.TOMLDecodeError as error:
        line = int(match[1]) if (match := re.search(r"at line (\d+)", str(error))) else text.count("\n") + 1
        line_text = split_lines(text)[min(line, len(split_lines(text))) - 1].strip()
        raise StepladderError(
            f"{path}, line {line}: this is no TOML: {toml_reason(error)}, in `{clipped(line_text)}`. A text needs quotes, a table one pair "
            "of brackets."
        ) from None
    except OSError as error:
        raise StepladderError(f"{path}: cannot be read{extension}: {error.strerror}.") from None


def _suggestion(path: FilePath) -> str:
    """What a name that is no file may have meant: an experiment, a config of that name, or a file beside it."""
    if (experiment := _first_file([root / "experiments" / path.stem / "quick.toml" for root in ROOTS])) and path.parent == FilePath():
        name = experiment.parent.name
        return (
            f"; {name} is an experiment of many cells: `stepladder reproduce {name}` runs it, and `stepladder show {name}` says what it is."
        )
    files = [file for root in ROOTS for file in sorted((root / "configs").rglob("*.toml")) if file.stem == path.stem]
    if files:
        return f"; did you mean `{files[0]}`?"
    beside = [file.name for file in path.parent.glob("*.toml")] if path.parent.is_dir() else []
    return did_you_mean(path.name, beside) or "; check the path, which is relative to where you are."


def _first_file(files: Sequence[FilePath]) -> FilePath | None:
    return next((file for file in files if file.is_file()), None)


def _validated(path: FilePath, merged: Merged, named: frozenset[Path], command: Sequence[Assignment], base: bool) -> LoadedConfig:
    tree = {key: value for key, value in merged.tree.items() if key not in TABLES}
    where = _Where(str(path), merged.origin)
    sweep = _section(Sweep, merged.tree, "sweep", where)
    experiment = _section(Experiment, merged.tree, "experiment", where)
    if sweep is not None:
        check_overrides(sweep, command)
        experiment = _without_foreign_control(path, experiment, sweep, merged)
    config = None
    try:
        config = Config.model_validate(tree)
    except ValidationError as error:
        if sweep is None:
            hint = f" This file is a base (base = true): extend it, or name what it lacks on the {COMMAND_LINE}." if base else ""
            raise StepladderError(explain(error, Config, tree, where) + hint) from None
    origin = {".".join(key): source for key, source in merged.origin.items()}
    return LoadedConfig(path, tree, config, sweep, experiment, merged.dropped, origin, named)


def _without_foreign_control(path: FilePath, experiment: Experiment | None, sweep: Sweep, merged: Merged) -> Experiment | None:
    """An inherited control stands for the rows that it was written for: a file whose rows have none of its name has no control."""
    if experiment is None or experiment.control is None or experiment.control.label in row_names(sweep, str(path)):
        return experiment
    own_sources = {str(path), COMMAND_LINE} & {source for key, source in merged.origin.items() if key[:2] == ("experiment", "control")}
    return experiment if own_sources else experiment.model_copy(update={"control": None})


def _section(node: type[AnyNode], tree: Tree, name: str, where: "_Where") -> AnyNode | None:
    if name not in tree:
        return None
    words = tree[name]
    if not isinstance(words, dict):
        raise StepladderError(f"{where((name,))}: `{name}` must be a table, [{name}].")
    try:
        return node.model_validate(words)
    except ValidationError as error:
        raise StepladderError(explain(error, node, words, lambda key: f"{where((name, *key))}, [{name}]", name)) from None


@dataclass(frozen=True)
class _Where:
    """Says from where the value at a path comes: a file, the command line, or a file with what the command line changed."""

    file: str
    origin: dict[Path, str]

    def __call__(self, path: Path) -> str:
        below = {key: source for key, source in self.origin.items() if key[: len(path)] == path}
        above = {key: source for key, source in self.origin.items() if path[: len(key)] == key}
        sources = set((below or above).values())
        if len(sources) == 1:
            return sources.pop()
        commanded = [".".join(key) for key, source in below.items() if source == COMMAND_LINE]
        return f"{self.file}, with {', '.join(commanded)} from the {COMMAND_LINE}" if commanded else self.file
