"""A mixer that is right passes every law; one that is wrong in one thing fails the laws that speak of it, and no other."""

import pytest
from wrong_mixers import RIGHT, WRONG, Decaying

from research.laws import mixer_checks
from research.laws.mixer_checks import check_mixer
from research.plugin import register_mixer

pytestmark = pytest.mark.usefixtures("registering")


def test_of_a_right_mixer_every_law_holds():
    register_mixer(Decaying, RIGHT)
    assert [result for result in check_mixer(Decaying) if not result.holds] == []


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_mixer_fails_the_law_that_speaks_of_it_and_shows_where(wrong, monkeypatch):
    monkeypatch.setattr(mixer_checks, "LONG", {})  # a training, which the right one had
    entry, laws, shown = WRONG[wrong]
    register_mixer(Decaying, entry)
    faults = {result.law: result.shows for result in check_mixer(Decaying) if not result.holds}
    assert list(faults) == laws
    assert shown in faults[laws[0]]
