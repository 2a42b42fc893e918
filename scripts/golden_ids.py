"""Writes tests/config/golden_ids.json anew. usage: python scripts/golden_ids.py

After a kind was written: a cell that has it is added. After CODE_VERSION was raised on purpose: every cell has its new id.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from research.config.cell_identity import CODE_VERSION, cell_id
from research.config.errors import StepladderError
from research.config.fields import all_keys, node_classes
from research.config.merge import Assignment, Merged, apply_layer, with_default_kinds
from research.config.node import Node
from research.config.schema import Config
from research.config.serialise import to_tree

GOLDEN = Path(__file__).parents[1] / "tests" / "config" / "golden_ids.json"


def main() -> None:
    """Each case keeps its config; its id and what its words mean by default are those of the present code."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    trees = [case["config"] for case in golden["cells"].values()]
    for node, kind in sorted(missing_kinds(map(_config, trees)), key=str):
        golden["cells"][f"{kind} ({node.__name__})"] = {"config": _with_kind(node, kind, trees)}
    for case in golden["cells"].values():
        config = _config(case["config"])
        case |= {"cell_id": cell_id(config, "digest"), "meaning": to_tree(config, defaults=True)}
    cases = ",\n".join(f"    {json.dumps(name)}: {_lines(case)}" for name, case in golden["cells"].items())
    text = f'{{\n  "code_version": {CODE_VERSION},\n  "cells": {{\n{cases}\n  }}\n}}\n'
    GOLDEN.write_text(text, encoding="utf-8")


def kinds_in(value: Any) -> set[tuple[type[Node], str]]:
    """Every class that has a kind, with that kind, in a config."""
    if isinstance(value, tuple):
        return {kind for item in value for kind in kinds_in(item)}
    if not isinstance(value, Node):
        return set()
    own = {(type(value), value.kind)} if "kind" in type(value).model_fields else set()  # type: ignore[attr-defined]
    return own.union(*(kinds_in(getattr(value, name)) for name in type(value).model_fields))


def missing_kinds(configs: Iterable[Config]) -> set[tuple[type[Node], str]]:
    """The classes and kinds of the schema that no config has."""
    having = [node for node in node_classes(Config) if "kind" in node.model_fields]
    return {(node, kind) for node in having for kind in get_args(node.model_fields["kind"].annotation)} - kinds_in(tuple(configs))


def _config(tree: dict[str, Any]) -> Config:
    return Config.model_validate(with_default_kinds(tree))


def _with_kind(node: type[Node], kind: str, trees: list[dict[str, Any]]) -> dict[str, Any]:
    """The first of these trees that can have this kind, with it."""
    paths = [tuple(key.split(".")) for key in all_keys(Config) if key.endswith(".kind")]
    for tree in trees:
        for path in paths:
            try:
                changed = apply_layer(Merged(tree, (), {}), [Assignment(path, kind, "")]).tree
                if (node, kind) in kinds_in(_config(changed)):
                    return changed
            except (StepladderError, ValidationError):
                continue
    raise SystemExit(f"no golden cell can have {node.__name__} with kind = {kind} by changing one word: add a config that has it")


def _lines(case: dict[str, Any]) -> str:
    """A case with one line a field, so that a change of one is a diff of one."""
    fields = ",\n".join(f"      {json.dumps(key)}: {json.dumps(case[key], ensure_ascii=False)}" for key in ("cell_id", "config", "meaning"))
    return f"{{\n{fields}\n    }}"


if __name__ == "__main__":
    main()
