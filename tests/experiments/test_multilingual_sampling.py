"""multilingual_sampling: every language at every alpha, against numbers made by hand; its claims are about rows that are there."""

from dataclasses import replace

import pytest

from experiments.multilingual_sampling.mixes import PRESETS, TOKENIZERS, Preset, study_of
from experiments.multilingual_sampling.texts import HELD_OUT, Lines, captions, news, numbers
from research.catalog.claims import claim_cards
from research.catalog.folders import find_experiment
from research.compare.cards import evaluate_cards
from research.config.errors import StepladderError
from research.data.mixing import fertility
from research.report.study import study_cells, study_manifest
from research.text.tokenizers.tokenizer import train_tokenizer

pytestmark = pytest.mark.trains

TEXTS = {
    "long": Lines([f"aaab aab ab {'ab ' * (i % 3)}" for i in range(60)], ["aaab ab"]),
    "short": Lines(["xxyxxy", "yxxy"], ["xxy xyz"]),
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPLADDER_CACHE", str(tmp_path))


def numbers_of(study):
    return {tuple(cell.labels.values()): cell for cell in study.cells}


def test_each_cell_is_what_its_tokenizer_does():
    found = numbers_of(study_of("quick", "?", Preset({"long": 60, "short": 2}, 12, (1.0, 0.0), seeds=2), TEXTS))
    assert len(found) == 2 * 2 * len(TOKENIZERS)
    own = train_tokenizer([*TEXTS["long"].train, *TEXTS["short"].train], "bpe", 12)
    for language, lines in TEXTS.items():
        cell = found[1, language, "bpe"]
        assert cell.test[0]["fertility"] == cell.test[1]["fertility"] == fertility(own, lines.test)
        assert cell.extra == pytest.approx({"share": len(lines.train) / 62, "expected_passes": 1.0})
        assert found[0, language, "bpe"].extra["share"] == pytest.approx(0.5)
    assert found[0, "short", "bpe"].test[0]["fertility"] < found[1, "short", "bpe"].test[0]["fertility"]
    assert [cell.test[0]["coverage"] for (_, language, _), cell in found.items() if language == "short"] == pytest.approx([6 / 7] * 4)


@pytest.mark.parametrize("preset", PRESETS)
def test_claims_name_rows_that_are_there(preset):
    small = replace(PRESETS[preset], vocabulary=20, alphas=(1.0, 0.5, 0.0), seeds=1)
    study = study_of(preset, "?", small, dict.fromkeys(small.sizes, TEXTS["long"]))
    cards = claim_cards(find_experiment("multilingual_sampling"), preset)
    assert cards
    judged = evaluate_cards(study_manifest(study, cards), study_cells(study))
    assert {judgement.verdict for judgement in judged} <= {"holds", "fails"}


def test_numbers_are_held_out_in_every_language():
    lines = numbers({"en": 300, "de": 20}, None)
    assert {language: tuple(map(len, split)) for language, split in lines.items()} == {"en": (300, HELD_OUT), "de": (20, HELD_OUT)}
    assert not {*lines["en"].train} & {*lines["en"].test}


def test_files_by_path_are_cut_to_their_sizes_and_a_missing_one_is_told(tmp_path):
    folder = tmp_path / "ntrex128"
    folder.mkdir()
    (folder / "newstest2019-src.eng.txt").write_text("".join(f"line {i}\n" for i in range(500)))
    found = news({"eng": 12}, tmp_path)["eng"]
    assert (found.train, found.test) == ([f"line {i}" for i in range(12)], [f"line {i}" for i in range(300, 500)])
    with pytest.raises(StepladderError, match="eng has 300 training lines, and 301 are asked for"):
        news({"eng": 301}, tmp_path)
    with pytest.raises(StepladderError, match=r"no file .*newstest2019-ref\.deu\.txt"):
        news({"deu": 12}, tmp_path)


def test_captions_are_those_of_the_registry(monkeypatch):
    files = {
        f"{split}.{language}": f"{language} {split}\n".encode() * 3 for split in ("train", "test_2016_flickr") for language in ("en", "cs")
    }
    monkeypatch.setattr(
        "experiments.multilingual_sampling.texts.read_data_source", lambda name, data_dir, wanted: {one: files[one] for one in wanted}
    )
    assert captions({"en": 2, "cs": 1}, None) == {
        "en": (["en train"] * 2, ["en test_2016_flickr"] * 3),
        "cs": (["cs train"], ["cs test_2016_flickr"] * 3),
    }
