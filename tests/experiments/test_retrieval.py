"""retrieval: a query's own scene is no answer, all weightings are asked the same, and claims are about rows that are there."""

import numpy as np
import pytest

from experiments.retrieval.scenes import Query, cut, draw, study_of
from research.catalog.claims import claim_cards
from research.catalog.folders import find_experiment
from research.compare.cards import evaluate_cards
from research.compare.item_tests import item_interval
from research.data.shakespeare import SpokenLine
from research.report.study import study_cells, study_manifest

SAID = {
    "p": ["the king and the queen speak", "the king and the duke fight", "the queen and the king sleep"],
    "q": ["the ship and the sea rise", "the sea and the storm fall", "the ship and the storm meet"],
}
PLAYS = {play: [SpokenLine(i, "" if i == 9 else "A", f"{text} .") for i, text in enumerate(lines)] for play, lines in SAID.items()}


@pytest.fixture(scope="module")
def study():
    return study_of("quick", "?", 5, *cut(PLAYS))


def test_documents_are_scenes_and_queries_know_theirs():
    scenes, queries = cut(
        {
            "p": [
                SpokenLine(0, "A", "one two three four five"),
                SpokenLine(0, "B", "no"),
                SpokenLine(0, "A", "six"),
                SpokenLine(1, "", "a b c d e"),
            ]
        }
    )
    assert [(scene.play, len(scene.words)) for scene in scenes] == [("p", 7), ("p", 5)]
    assert queries == {
        "line": [Query(0, ["one", "two", "three", "four", "five"])],
        "part": [Query(0, ["one", "two", "three", "four", "five", "six"])],
    }


def test_fewer_queries_are_some_of_them_and_no_other():
    queries = [Query(i, ["w"]) for i in range(20)]
    assert len({query.scene for query in draw(queries, 7)}) == 7
    assert draw(queries, 30) == queries


def test_every_weighting_is_asked_the_same_and_the_mean_is_that_of_its_items(study):
    assert [tuple(cell.labels.values()) for cell in study.cells] == [(w, q) for w in ("count", "binary", "tfidf") for q in ("line", "part")]
    for cell in study.cells:
        items = cell.items[0]
        assert items.id.tolist() == list(range(5))
        assert cell.test[0]["reciprocal_rank"] == pytest.approx(np.mean(items.fields["reciprocal_rank"]))
        assert cell.test[0]["precision_at_10"] <= 2 / 10  # a play has two other scenes
        interval = item_interval(items, "precision_at_1", cell.test[0]["precision_at_1"])
        assert interval.low <= interval.mean <= interval.high


def test_weighing_by_rarity_finds_the_play_where_counts_are_led_by_common_words(study):
    by_place = {tuple(cell.labels.values()): cell.test[0] for cell in study.cells}
    assert by_place["tfidf", "line"]["reciprocal_rank"] >= by_place["count", "line"]["reciprocal_rank"]
    assert by_place["tfidf", "line"]["precision_at_1"] == 1.0


@pytest.mark.parametrize("preset", ["quick", "full"])
def test_claims_name_rows_that_are_there(study, preset):
    cards = claim_cards(find_experiment("retrieval"), preset)
    judged = evaluate_cards(study_manifest(study, cards), study_cells(study))
    assert {judgement.verdict for judgement in judged} <= {"holds", "fails", "not shown"}
    assert judged
