"""`stepladder tokenize`: the pieces, the merges in order, the other segmentations; and what it refuses."""

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from research.cli import app

CELL = """
[data]
kind = "files"
train = "{folder}/train.txt"
valid = "{folder}/train.txt"
test = "{folder}/train.txt"
level = "bpe"
vocabulary = {{ size = 300 }}
[model]
kind = "ngram"
"""


@pytest.fixture
def cell(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPLADDER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "train.txt").write_text("low lower lowest\nnew newer newest, the lowest\n" * 20)
    (tmp_path / "cell.toml").write_text(CELL.format(folder=tmp_path))
    return str(tmp_path / "cell.toml")


def found(*words):
    result = CliRunner().invoke(app, ["tokenize", *words, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("level", ["word", "char", "byte", "bpe", "byte_bpe", "unigram", "wordpiece"])
def test_every_level_shows_its_pieces_and_numbers(cell, level):
    shown = found(cell, f"data.level={level}", "--text", "lowest new")
    assert "".join(piece.removeprefix("##") for piece in shown["pieces"]).replace(" ", "") == "lowestnew"
    assert len(shown["ids"]) == len(shown["pieces"])
    assert not shown["unknown"]


def test_unknown_characters_are_named_and_bytes_know_all(cell):
    assert found(cell, "--text", "l\u00e9w \u00e9")["unknown"] == ["\u00e9", "\u00e9"]
    shown = found(cell, "data.level=byte_bpe", "--text", "\u00e9")
    assert (shown["pieces"], shown["unknown"]) == (["<0xC3>", "<0xA9>"], [])


def test_merges_come_in_order(cell):
    all_of_them, first = (found(cell, "--text", "low", "--merges", number)["merges"] for number in ("1000", "2"))
    assert first == all_of_them[:2]
    made = set("lowernsth,  ")
    for left, right in all_of_them:
        assert {left, right} <= made
        made.add(left + right)


def test_segmentations_come_with_probabilities_best_first(cell):
    shown = found(cell, "data.level=unigram", "--text", "lowest", "--n-best", "500")
    probabilities = [one["probability"] for one in shown["n_best"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1.0)
    assert all("".join(one["pieces"]) == "lowest" for one in shown["n_best"])
    assert shown["n_best"][0]["pieces"] == shown["pieces"]


def test_a_person_sees_the_same(cell):
    result = CliRunner().invoke(app, ["tokenize", cell, "--text", "low\u00e9 new", "--merges", "1"])
    assert result.exit_code == 0, result.output
    shown = found(cell, "--text", "low\u00e9 new", "--merges", "1")
    (left, right), lines = shown["merges"][0], result.stdout.splitlines()
    assert [line.split()[0] for line in lines[: len(shown["ids"])]] == [str(number) for number in shown["ids"]]
    assert lines[-2].endswith("'\u00e9'")
    assert lines[-1].split() == ["1", *f"{left!r} + {right!r}".split()]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data.level=bp", "--text", "x"], "did you mean `bpe`"),
        (["--text", "x", "--n-best", "2"], "only data.level = unigram"),
        (["data.level=unigram", "--text", "x", "--n-best", "0"], "--n-best 0"),
        (["data.level=unigram", "--text", "x", "--merges", "2"], "no merges"),
        (["--text", "x", "--merges", "-1"], "--merges -1"),
        (["--text", ""], "--text is empty"),
        ([], "--text is empty"),
        (["--text", "x", "data.vocabulary.size=5"], "ask for"),
        (["--text", "x", "data.vocabulary.size=all"], "needs data.vocabulary.size"),
        (["--text", "x", "data.kind=copy"], "no text to cut"),
    ],
)
def test_a_mistake_is_one_paragraph(cell, words, said):
    result = CliRunner().invoke(app, ["tokenize", cell, *words])
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ")
    assert "\n" not in result.stderr.strip()
    assert said in result.stderr


def test_jax_is_not_started(cell):
    code = (
        "import sys; from typer.testing import CliRunner; from research.cli import app;"
        "print(CliRunner().invoke(app, sys.argv[1:]).exit_code, 'jax' in sys.modules)"
    )
    child = subprocess.run([sys.executable, "-c", code, "tokenize", cell, "--text", "low"], capture_output=True, text=True, env=os.environ)
    assert child.stdout.split() == ["0", "False"], child.stderr
