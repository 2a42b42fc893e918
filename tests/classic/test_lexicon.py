"""Lexicons: read from lines, refused with the line that is wrong."""

import io
import tarfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.classic.lexicon import load_lexicon, read_emoji, read_lexicon
from research.config.errors import StepladderError
from research.config.unicode import normalise_unicode, plain_punctuation
from research.data import source_entries, vader
from research.data.download import sha256

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1)


@given(st.dictionaries(WORDS, st.floats(-100, 100), min_size=1))
def test_what_is_written_is_read(valences):
    valences = {plain_punctuation(normalise_unicode(word)): valence for word, valence in valences.items()}
    assert read_lexicon("".join(f"{word}\t{valence}\t0.3\t[1, 2]\r\n\n" for word, valence in valences.items())) == valences


def test_of_equal_words_the_last_counts():
    assert read_lexicon("fine\t1\nfine\t2.5") == {"fine": 2.5}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("fine\t1\n\nfoul", "mine, line 3: 'foul' has no valence"),
        ("fine 1", "mine, line 1: 'fine 1' has no valence"),
        ("fine\tgood", "mine, line 1: the valence of 'fine' must be a number, not 'good'"),
        ("fine\tnan", "mine, line 1: the valence of 'fine' must lie between -100 and 100, not nan"),
        ("fine\t-1e3", "must lie between -100 and 100, not -1e3. .* rescale it"),
        (" \n\n", "mine is empty"),
    ],
)
def test_a_wrong_line_is_named(text, complaint):
    with pytest.raises(StepladderError, match=complaint):
        read_lexicon(text, "mine")


def test_emoji_are_single_characters():
    assert read_emoji("\u2600\tsun\r\n\u2600\ufe0f\tsun\n\n") == {"\u2600": "sun"}


def test_a_lexicon_of_ones_own(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("Fine\t2\n:P\t1\n:p\t-1\n")
    assert load_lexicon(str(path)).valences == {"Fine": 2.0, "fine": 2.0, ":P": 1.0, ":p": -1.0}


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StepladderError, match=r"model.lexicon = '.*absent.txt' cannot be read: No such file.*vader"):
        load_lexicon(str(tmp_path / "absent.txt"))
    with pytest.raises(StepladderError, match="cannot be read"):
        load_lexicon("nul\0")


def test_vader_comes_from_its_archive(tmp_path, monkeypatch):
    path = tmp_path / vader.SDIST
    with tarfile.open(path, "w:gz") as archive:
        for name, content in ((vader.LEXICON, b"fine\t2\t0.1\t[2, 2]\r\n"), (vader.EMOJI, "\u2600\tfine day\r\n".encode())):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    file = replace(source_entries.SOURCES["vader"].files[0], sha256=sha256(path.read_bytes()))
    monkeypatch.setitem(source_entries.SOURCES, "vader", replace(source_entries.SOURCES["vader"], files=(file,)))
    assert load_lexicon("vader", tmp_path) == ({"fine": 2.0}, {"\u2600": "fine day"})
