"""One slip in a word, as often as asked, by the line alone."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.config.corpora import Files
from research.config.vocabulary import VocabularyConfig
from research.data.loading import load_dataset
from research.data.misspelling import misspell, slips
from research.data.text_dataset import misspelt_test_split

TEXTS = st.text(alphabet="abé Z'.-7\n", max_size=60)
LETTERS = re.compile(r"[^\W\d_]+")  # a word of two letters may lose one
WORDS = st.text(alphabet="abcéZß", min_size=2, max_size=9)


def is_one_slip(word, other):
    """Whether one operation undoes it: a letter fewer, more or another, or two neighbours swapped. Written without `slips`."""
    differ = [i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b]
    if len(word) == len(other):
        swapped = len(differ) == 2 and differ[1] == differ[0] + 1 and Counter(word) == Counter(other)
        return len(differ) == 1 or swapped
    longer, shorter = max(word, other, key=len), min(word, other, key=len)
    return any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer)))


@given(WORDS)
def test_every_misspelling_is_one_slip_away(word):
    kinds = slips(word)
    assert len(kinds) >= 3  # a word of one letter alone has no swap
    assert all(other != word and is_one_slip(word, other) for kind in kinds for other in kind)


@given(TEXTS, st.floats(0, 0.99))
def test_lines_and_what_is_no_word_stay(text, share):
    found = misspell(text, share)
    rest = lambda text: [LETTERS.sub("", line) for line in text.split("\n")]
    assert rest(found) == rest(text)
    assert misspell(text, 0.0) == text


@given(TEXTS, st.integers(0, 5))
def test_a_line_is_misspelt_alike_wherever_it_stands(text, seed):
    alone = "\n".join(misspell(line, 0.5, seed) for line in text.split("\n"))
    assert misspell(text, 0.5, seed) == alone == misspell("first\n" + text, 0.5, seed).partition("\n")[2]


def test_as_many_words_as_asked_and_a_larger_share_keeps_the_slips_of_a_smaller():
    text = "".join(f"to be or not to be that is the question {i}\n" for i in range(200))
    changed = lambda share: np.array([a != b for a, b in zip(text.split(), misspell(text, share).split(), strict=True)])
    few, many = changed(0.1), changed(0.3)
    words = 200 * 10
    assert abs(few.sum() / words - 0.1) < 4 * np.sqrt(0.1 * 0.9 / words)
    assert abs(many.sum() / words - 0.3) < 4 * np.sqrt(0.3 * 0.7 / words)
    assert not (few & ~many).any()
    assert misspell(text, 0.1, seed=1) != misspell(text, 0.1)


@pytest.mark.parametrize(("level", "size"), [("char", "all"), ("byte", "all"), ("bpe", 40), ("wordpiece", 60)])
def test_a_text_is_misspelt_before_it_becomes_tokens(tmp_path, level, size):
    """The same copy at every level; its lines are those of the original, and so is the number of its characters."""
    text = "the quick brown fox jumps over\nthe lazy dog\n\nand sleeps\n"
    for split in ("train", "valid", "test"):
        (tmp_path / f"{split}.txt").write_text(text)
    paths = {split: str(tmp_path / f"{split}.txt") for split in ("train", "valid", "test")}
    data = load_dataset(Files(kind="files", level=level, vocabulary=VocabularyConfig(size=size), **paths))
    copy = misspelt_test_split(data, 0.9)
    assert data.vocabulary.decode(copy.tokens) == misspell(text, 0.9) != text
    assert copy.characters == len(text) == data.test.characters
    assert copy.sentence[-1] == data.test.sentence[-1] == 3
