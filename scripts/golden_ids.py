"""Writes tests/config/golden_ids.json anew, after CODE_VERSION was raised on purpose. usage: python scripts/golden_ids.py"""

import json
from pathlib import Path
from typing import Any

from research.config.cell_identity import CODE_VERSION, cell_id
from research.config.merge import with_default_kinds
from research.config.schema import Config
from research.config.serialise import to_tree

GOLDEN = Path(__file__).parents[1] / "tests" / "config" / "golden_ids.json"


def main() -> None:
    """Each case keeps its config; its id and what its words mean by default are those of the present code."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    for case in golden["cells"].values():
        config = Config.model_validate(with_default_kinds(case["config"]))
        case |= {"cell_id": cell_id(config, "digest"), "meaning": to_tree(config, defaults=True)}
    cases = ",\n".join(f"    {json.dumps(name)}: {_lines(case)}" for name, case in golden["cells"].items())
    text = f'{{\n  "code_version": {CODE_VERSION},\n  "cells": {{\n{cases}\n  }}\n}}\n'
    GOLDEN.write_text(text, encoding="utf-8")


def _lines(case: dict[str, Any]) -> str:
    """A case with one line a field, so that a change of one is a diff of one."""
    fields = ",\n".join(f"      {json.dumps(key)}: {json.dumps(case[key], ensure_ascii=False)}" for key in ("cell_id", "config", "meaning"))
    return f"{{\n{fields}\n    }}"


if __name__ == "__main__":
    main()
