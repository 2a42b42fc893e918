"""rules: one switch at a time, the numbers are those of the sentences, and the claims are about rows that are there."""

import numpy as np
import pytest

from experiments.rules.ratings import NEGATION, OFF, Rated, study_of
from research.catalog.claims import claim_cards
from research.catalog.folders import find_experiment
from research.classic.lexicon import Lexicon
from research.compare.cards import evaluate_cards
from research.config.rules import Rules
from research.report.study import study_cells, study_manifest

PARTS = ("movie", "tweets", "amazon", "nyt")
SAID = [Rated("good", 2.0), Rated("not good", -1.5), Rated("bad", -2.0), Rated("so bad !", -3.0), Rated("a chair", 0.0)]


@pytest.fixture(scope="module")
def study():
    return study_of("quick", "?", Lexicon({"good": 2.0, "bad": -2.0}), dict.fromkeys(PARTS, SAID))


def test_every_switch_is_off_in_a_row():
    switches = {name for name, field in Rules.model_fields.items() if field.annotation is bool}
    assert {switch for off in OFF.values() for switch in off} == switches
    assert {*OFF["lexicon alone"]} == switches - {"quirks"}
    assert {*NEGATION} < switches


def test_the_numbers_are_those_of_the_sentences(study):
    by_place = {tuple(cell.labels.values()): cell for cell in study.cells}
    whole, blind = by_place["all rules", "tweets"], by_place["no negation", "tweets"]
    assert whole.test[0]["accuracy"] == 1.0
    assert blind.test[0]["accuracy"] == pytest.approx(4 / 5)  # "not good" is good
    assert whole.test[0]["correlation"] > blind.test[0]["correlation"]
    scores, ratings = (whole.items[0].fields["correlation"][:, 0, column] for column in (1, 2))
    assert ratings.tolist() == [one.rating for one in SAID]
    assert whole.test[0]["correlation"] == pytest.approx(np.corrcoef(scores, ratings)[0, 1])


def test_claims_name_rows_that_are_there(study):
    cards = claim_cards(find_experiment("rules"), "quick")
    judged = evaluate_cards(study_manifest(study, cards), study_cells(study))
    assert len(judged) == len(cards) > 0
    assert "not run here" not in {one.verdict for one in judged}
