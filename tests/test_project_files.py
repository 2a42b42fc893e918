"""What a stranger's tools read of the project: how it is cited, and that it says so of the version that is there."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CITATION = (ROOT / "CITATION.cff").read_text("utf-8")


def test_the_citation_has_what_its_form_requires():
    words = dict(re.findall(r"^([a-z-]+): *(.*)$", CITATION, re.M))
    assert {"cff-version", "message", "title", "authors"} <= set(words)
    assert (words["cff-version"], words["type"]) == ("1.2.0", "software")
    assert re.findall(r"^  - name: (.+)$", CITATION, re.M) == ["The Stepladder authors"]


def test_the_citation_is_of_this_version_and_licence():
    words = dict(re.findall(r"^([a-z-]+): *(.*)$", CITATION, re.M))
    assert (words["version"], words["license"]) == (PROJECT["version"], PROJECT["license"])
    assert words["title"].lower() == PROJECT["name"]


def test_the_days_of_the_changes_are_days_in_order():
    days = re.findall(r"\d{4}-\d\d-\d\d", "".join(re.findall(r"^## .*$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)))
    begins = days[:1] + days[1::2]  # of the edition under way, and of those that ended
    assert begins == sorted(begins, reverse=True)
    assert days[1:] == sorted(days[1:])


def test_the_page_of_contributors_names_files_that_are_there():
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    paths = re.findall(r"`(?:python |bash |\. )?((?:tests|scripts|research)/[\w/.]+)", page)
    assert len(paths) > 6
    assert [path for path in paths if not (ROOT / path).exists()] == []
