"""The notebook of the first half hour is made of its script, and goes from its first cell to its last, with a table on the way."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "docs" / "first_half_hour.py"
STEPS = "STEPS = 300"


def run_script(source, folder, environment):
    """Where no notebook can be run: the script itself, whose last lines of cells say nothing."""
    (folder / "script.py").write_text(source, encoding="utf-8")
    done = subprocess.run([sys.executable, "script.py"], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def run_notebook(source, folder, environment):
    import nbclient
    import nbformat

    spec = importlib.util.spec_from_file_location("make_notebook", ROOT / "scripts" / "make_notebook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kept = nbformat.read(SCRIPT.with_suffix(".ipynb"), as_version=4)
    assert kept == module.notebook(SCRIPT.read_text(encoding="utf-8")), "python scripts/make_notebook.py writes it anew"
    assert not any(cell.get("outputs") for cell in kept.cells)
    client = nbclient.NotebookClient(module.notebook(source), timeout=200, resources={"metadata": {"path": str(folder)}})
    client.execute(env=environment)
    return {cell.source: cell.outputs for cell in client.nb.cells if cell.cell_type == "code"}


@pytest.mark.trains
def test_a_student_gets_from_the_first_cell_to_a_table(tmp_path):
    source = SCRIPT.read_text(encoding="utf-8")
    assert STEPS in source
    source = source.replace(STEPS, "STEPS = 20")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
    if not all(importlib.util.find_spec(name) for name in ("nbclient", "nbformat", "ipykernel")):
        run_script(source, tmp_path, environment)
        assert len(list(tmp_path.glob("runs/*/seed-*/result.json"))) == 6
        return
    outputs = run_notebook(source, tmp_path, environment)
    (shown,) = (output for cell, output in outputs.items() if cell.endswith("\ntable"))
    page = shown[-1].data["text/html"]
    assert "elman" in shown[-1].data["text/plain"]  # as text it is a value too, and shows nothing by itself
    assert not any("text/html" in output.get("data", {}) for output in shown[:-1])
    assert all(words in page for words in ("elman", "lstm", "Its rows were not tuned", "(n = 3)"))
    assert len(list(tmp_path.glob("runs/*/seed-*/result.json"))) == 6  # the sweep took the first cell's runs as they were
    assert all(outputs.values() for cell in outputs if not cell.startswith("from pathlib"))
