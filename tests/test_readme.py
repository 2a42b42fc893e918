"""What the front page says is there: its links, its experiments, and a table whose cost it tells."""

import re
from pathlib import Path

import pytest

from research.catalog.folders import shipped_experiments
from research.config.loader import load_config

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_every_experiment_is_in_the_table_and_no_other():
    listed = re.findall(r"^\| `(\w+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    assert sorted(listed) == [folder.spec for folder in shipped_experiments()]


def test_the_table_that_it_shows_is_tuned_and_has_as_many_runs_as_it_says(tmp_path):
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    toml = re.search(r"```toml\n# heads.toml\n(.*?)```", page, re.S)
    path = tmp_path / "heads.toml"
    path.write_text(toml[1].replace('extends = "', f'extends = "{ROOT}/'))
    loaded = load_config(path)
    runs = sum(len(point.config.seeds) for point in loaded.points())
    assert loaded.sweep.tune
    assert f"before the first one starts: {runs} runs" in page
