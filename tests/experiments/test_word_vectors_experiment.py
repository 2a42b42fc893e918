"""word_vectors: every method is scored on the same words, and the tables say what was covered."""

import json
import runpy
import sys

import numpy as np
import pytest

from experiments.word_vectors.measure import CORPORA, QUICK, Preset, Sets, load_words, measure, methods
from experiments.word_vectors.study import CORPUS_BY_PRESET, COSTS, QUESTION
from experiments.word_vectors.tables import neighbour_sheet, score_sheet, study_of
from research.catalog.claims import claim_cards
from research.catalog.folders import find_experiment
from research.config.errors import StepladderError
from research.config.word_vectors import WordVectorsConfig
from research.data.word_sets import RatedPairs
from research.data.word_windows import training_sentences
from research.execute import environment
from research.report.formats.markdown import markdown
from research.report.study import write_study

pytestmark = pytest.mark.trains
TYPES = (*"abcdefghij", "rare")
ALIKE = RatedPairs((("a", "b"), ("f", "g"), ("c", "d"), ("a", "g"), ("b", "h"), ("a", "zebra")), np.array([9.0, 8.0, 9.5, 1.0, 2.0, 5.0]))
SETS = Sets({"men": ALIKE, "wordsim353": ALIKE}, {"s": (("a", "b", "f", "g"), ("a", "b", "c", "rare"))})


@pytest.fixture(scope="module")
def fits():
    """Sentences about a..e, and sentences about f..j."""
    r = np.random.default_rng(0)
    tokens = (r.integers(0, 5, (300, 8)) + 5 * r.integers(0, 2, (300, 1))).astype(np.int32)
    text = training_sentences(tokens.ravel(), np.repeat(np.arange(300, dtype=np.int32), 8), np.ones(11, bool))
    small = {
        name: one.model_copy(update={"block": 8, "sample": 0.0}) if isinstance(one, WordVectorsConfig) else one
        for name, one in methods(Preset(width=4, epochs=5, seeds=2)).items()
    }
    return list(measure(TYPES, text, small, range(2), SETS))


def test_methods_with_chance_are_fitted_once_a_seed(fits):
    assert [(fit.method, fit.seed) for fit in fits] == [
        ("one-hot", None),
        ("PPMI, SVD", None),
        *((method, seed) for method in ("CBOW", "skip-gram") for seed in (0, 1)),
    ]


def test_all_but_the_floor_know_which_words_belong_together(fits):
    for fit in fits:
        similarity = fit.similarity["men"]
        assert (similarity.covered, similarity.pairs) == (5, 6)
        assert similarity.spearman == 0.0 if fit.method == "one-hot" else similarity.spearman > 0.5
        assert fit.vectors.words == TYPES[:-1]  # those that the text has


def test_the_tables_show_every_method_and_what_is_covered(fits):
    scores = score_sheet("a text", fits)
    assert [row[0].text for row in scores.rows] == ["one-hot", "PPMI, SVD", "CBOW", "skip-gram"]
    assert len({len(row) for row in scores.rows} | {len(scores.headings)}) == 1
    mean = np.mean([100 * fit.similarity["men"].spearman for fit in fits[-2:]])
    assert scores.rows[-1][1].text.startswith(f"{mean:.1f} ± ")
    assert "MEN: 5 of 6 pairs; WordSim-353: 5 of 6 pairs; analogies: 1 of 2 questions" in scores.notes[0]
    near = neighbour_sheet(fits, ["a", "zebra"], n=4)
    assert [row[0].text for row in near.rows] == ["a"]
    assert all(set(cell.text.split(", ")) == set("bcde") for cell in near.rows[0][1:])
    assert "| a " in markdown(near)


def test_as_a_study_its_claims_are_about_rows_and_metrics_that_are_there(fits, tmp_path):
    text = training_sentences(np.arange(11, dtype=np.int32), np.zeros(11, np.int32), np.ones(11, bool))
    study = study_of("quick", QUESTION, "shakespeare", QUICK, text, fits)
    assert [cell.labels["method"] for cell in study.cells] == ["one-hot", "PPMI, SVD", "CBOW", "skip-gram"]
    assert [len(cell.test) for cell in study.cells] == [1, 1, 2, 2]
    told = json.loads(write_study(study, claim_cards(find_experiment("word_vectors"), "quick"), tmp_path)["report.json"].read_text())
    assert len(told["cards"]) == 6
    assert {card["verdict"] for card in told["cards"][:4]} == {"holds"}  # floors of 0.1, and all have over 0.5
    assert told["cards"][4]["verdict"] in ("holds", "fails")  # it hangs on the last bits of two trainings


def test_every_preset_asks_what_is_there():
    assert set(CORPUS_BY_PRESET) == set(COSTS)
    assert set(CORPUS_BY_PRESET.values()) <= set(CORPORA)


def test_an_unknown_corpus_is_told(monkeypatch, capsys):
    with pytest.raises(StepladderError, match="The corpora are shakespeare, wikitext2"):
        load_words("brown", None)
    monkeypatch.setattr(sys, "argv", ["word_vectors", "--corpus", "brown"])
    monkeypatch.setattr(environment, "use_compilation_cache", lambda: None)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("experiments.word_vectors", run_name="__main__")
    assert ended.value.code == 2
    assert "The corpora are shakespeare, wikitext2" in capsys.readouterr().err
