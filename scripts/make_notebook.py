"""usage: python scripts/make_notebook.py: makes docs/first_half_hour.ipynb of docs/first_half_hour.py, without outputs."""

import re
from pathlib import Path

import nbformat

SCRIPT = Path(__file__).parents[1] / "docs" / "first_half_hour.py"
CELL = re.compile(r"^# %%(?: \[(markdown)\])?\n", re.M)


def notebook(script: str) -> nbformat.NotebookNode:
    """A cell for each `# %%`, of text for each `# %% [markdown]`."""
    _, *parts = CELL.split(script)
    cells = [_cell(number, kind, text.strip("\n")) for number, (kind, text) in enumerate(zip(parts[::2], parts[1::2], strict=True))]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def _cell(number: int, kind: str | None, text: str) -> nbformat.NotebookNode:
    if kind:
        return nbformat.v4.new_markdown_cell(re.sub(r"^# ?", "", text, flags=re.M), id=f"cell-{number}")
    return nbformat.v4.new_code_cell(text, id=f"cell-{number}")


if __name__ == "__main__":
    path = SCRIPT.with_suffix(".ipynb")
    path.write_text(nbformat.writes(notebook(SCRIPT.read_text(encoding="utf-8"))) + "\n", encoding="utf-8")
    print(path)
