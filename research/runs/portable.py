"""What a record says to others: its files without a path of this machine, a command line, a host or a person's name, or text of data.

Only what is listed here is carried. A cell's id stands on no path, so that it can be verified from what is left.
"""

import json
import re
import socket
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import tomli_w

from research.config.errors import StepladderError
from research.config.plain import Json, Tree
from research.runs.array_files import read_arrays
from research.runs.json_files import stamp, to_json
from research.runs.metric_lines import read_metrics

CELL_FILES = ("config.toml", "cell.json")
NUMBERS = ("result.json", "test.json")
ARRAYS = ("items.npz", "prompts.npz", "tokens.npz", "test_tokens.npz")
TEXTS = ("texts.jsonl", "attention.npz")  # what a model wrote for texts of the data, and the symbols that it looked at: never carried
OF_A_MACHINE = ("command", "host", "hostname", "user", "folder")  # words of env.json that say where, and by whom
_SIGN = r"(?:[A-Za-z]:[\\/]|~[\w.-]*[\\/]|\.\.[\\/]|\\\\|/)"
_WHOLE = re.compile(rf"\A(?P<key>[A-Za-z_][\w.]*\s*=\s*)?(?P<path>{_SIGN}.+)\Z")  # with spaces inside
_INSIDE = re.compile(rf"(?:(?<=^)|(?<=[\s=\[({{,;:'\"`])){_SIGN}[^\s'\"`,;)\]}}]*")
_QUOTED = re.compile(r"(?P<quote>[\"'`])(?P<text>[^\"'`\n]*)(?P=quote)")


def without_paths(text: str) -> str:
    """A text whose paths of a machine (absolute, of a home folder, upwards) are their last part."""
    if (whole := _WHOLE.match(text)) and "\n" not in text:
        return _value_by_name(whole)
    text = _QUOTED.sub(lambda match: f"{match['quote']}{_WHOLE.sub(_value_by_name, match['text'])}{match['quote']}", text)
    return _INSIDE.sub(lambda match: _last_part(match[0]), text)


def _value_by_name(match: re.Match[str]) -> str:
    return (match["key"] or "") + _last_part(match["path"])


def _last_part(path: str) -> str:
    parts = [part for part in re.split(r"[\\/]+", path) if part not in ("", "~", ".", "..")]
    return parts[-1] if parts else ""


def plain_without_paths(value: Json) -> Json:
    """As `without_paths`, of every text in plain values, and of every key."""
    if isinstance(value, Mapping):
        return {without_paths(key): plain_without_paths(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_without_paths(item) for item in value]
    return without_paths(value) if isinstance(value, str) else value


def portable_cell_file(path: Path) -> bytes:
    """config.toml or cell.json of a cell, for others. Raises StepladderError where it cannot be read."""
    content = path.read_bytes()
    if path.name == "cell.json":
        return json_bytes(plain_without_paths(read_plain(path)))
    try:
        tree = tomllib.loads(content.decode("utf-8", "surrogateescape"))
    except tomllib.TOMLDecodeError as error:
        raise StepladderError(f"{path} is no TOML ({error}), so its cell cannot be packed. Bring it back, or leave the run out.") from None
    changed = plain_without_paths(tree)
    return content if changed == tree or not isinstance(changed, dict) else tomli_w.dumps(changed).encode("utf-8", "surrogateescape")


def portable_run_file(path: Path) -> bytes:
    """A file of a seed's folder, for others."""
    if path.suffix == ".npz":
        return numeric_bytes(path)
    return json_bytes(PORTABLE[path.name](read_plain(path))) if path.suffix == ".json" else _metric_lines(path)


def numeric_bytes(path: Path) -> bytes:
    """An .npz of numbers. Raises StepladderError where an array is text: it may be the data's."""
    if texts := [name for name, array in (read_arrays(path) or {}).items() if array.dtype.kind not in "biufc"]:
        raise StepladderError(f"{path} holds text ({', '.join(texts)}), and a pack holds none. Leave the run out.")
    return path.read_bytes()


def _status(status: Tree) -> Tree:
    """An error's own words may hold data, so of it the kind alone is told."""
    message = str(status.get("message") or "")
    error_kind = message.partition(": ")[0] if status.get("status") == "failed" else ": ".join(message.split(": ")[:2])
    return status | {"message": re.sub(rf"\b{re.escape(socket.gethostname())}\b", "HOST", without_paths(error_kind))}


def _environment(environment: Tree) -> Tree:
    parts = environment.get("parts")
    others = {key: value for key, value in environment.items() if key not in (*OF_A_MACHINE, "parts")}
    inside = {"parts": [_environment(dict(part)) for part in parts if isinstance(part, Mapping)]} if isinstance(parts, list) else {}
    return {**tree_without_paths(others), **inside}


def tree_without_paths(tree: Tree) -> Tree:
    """As `plain_without_paths`, of a table."""
    return {without_paths(key): plain_without_paths(value) for key, value in tree.items()}


PORTABLE: Mapping[str, Callable[[Tree], Tree]] = {
    "status.json": _status,
    "env.json": _environment,
    "result.json": tree_without_paths,
    "test.json": tree_without_paths,
}
RUN_FILES = (*PORTABLE, "metrics.jsonl", *ARRAYS)  # what is carried of a seed's folder


def _metric_lines(path: Path) -> bytes:
    """Numbers alone: what a run wrote beside them may be text."""
    numbers = [{key: value for key, value in line.items() if key == "split" or _is_number(value)} for line in read_metrics(path)]
    return "".join(to_json(line) + "\n" for line in numbers).encode()


def _is_number(value: Json) -> bool:
    """Whether plain values hold numbers alone."""
    if isinstance(value, Mapping):
        return all(map(_is_number, value.values()))
    return all(map(_is_number, value)) if isinstance(value, list) else not isinstance(value, str)


def portable_manifest(manifest: Tree) -> Tree:
    """A sweep's manifest for others: its files by name, its command without folders. Raises StepladderError where rows become one."""
    words = str(manifest.get("command") or "")
    spec_file = str(manifest.get("spec_file") or "")
    named = {"spec_file": _spec_file(spec_file, bool(manifest.get("preset")))} if spec_file else {}
    carried = tree_without_paths(manifest) | named | ({"command": _without_folders(words)} if words else {})
    if len(_places(manifest)) > len(_places(carried)):
        raise StepladderError(
            f"Rows of the sweep {manifest.get('name')} differ in the folder of a file alone, and a pack names no folder. Give the rows "
            "labels of their own, with `list`, and launch the sweep anew: nothing is trained again."
        )
    return carried


def _places(manifest: Tree) -> set[str]:
    cells = manifest.get("cells")
    named = [(cell.get("labels"), cell.get("tuned")) for cell in cells if isinstance(cell, Mapping)] if isinstance(cells, list) else []
    return {json.dumps(pair, sort_keys=True, default=str) for pair in named}


def _spec_file(path: str, of_experiment: bool) -> str:
    """An experiment's preset in the experiment's folder; of a file of the user's own its name."""
    parts = [part for part in re.split(r"[\\/]+", path) if part]
    return "/".join(parts[-2:] if of_experiment else parts[-1:])


def _without_folders(command: str) -> str:
    return without_paths(re.sub(r" --(?:runs|data-dir)(?: |=)(?:'[^']*'|\"[^\"]*\"|\S+)", "", command))


def read_plain(path: Path) -> Tree:
    """The object of a JSON file, infinities as they are written. Raises StepladderError where it is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except ValueError as error:
        raise StepladderError(f"{path} is not JSON ({error}), so its run cannot be packed. Do the run again, or leave it out.") from None
    if not isinstance(value, dict):
        raise StepladderError(f"{path} is no JSON object, so its run cannot be packed. Do the run again, or leave it out.")
    return value


def json_bytes(value: Json) -> bytes:
    """A JSON file as `write_json` writes it."""
    return (to_json(value, indent=2) + "\n").encode("utf-8", "surrogateescape")


def stamped_bytes(value: Mapping[str, object]) -> bytes:
    """A stamped JSON file of a pack."""
    return (to_json(stamp(value), indent=2) + "\n").encode("utf-8", "surrogateescape")
