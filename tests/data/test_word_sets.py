"""Rated pairs and analogies are read whole, and a broken line is named."""

from pathlib import Path

import numpy as np
import pytest

from research.config.errors import StepladderError
from research.data.word_sets import load_analogies, load_rated_pairs, parse_analogies, parse_rated_pairs, read_analogies, read_rated_pairs

SETS = Path("/work/shared/data")
here = pytest.mark.skipif(not (SETS / "word_similarity").exists(), reason="the sets are not here")


def test_pairs_are_read_whatever_the_line_end_and_the_space():
    found = parse_rated_pairs(b"tiger\tcat\t7.35\r\n\r\nold new 1.58", "a file")
    assert found.pairs == (("tiger", "cat"), ("old", "new"))
    np.testing.assert_array_equal(found.ratings, [7.35, 1.58])


def test_analogies_keep_their_sections():
    found = parse_analogies(b": one\na b c d\r\n: two\ne f g h\ni j k l\n", "a file")
    assert found == {"one": (("a", "b", "c", "d"),), "two": (("e", "f", "g", "h"), ("i", "j", "k", "l"))}


@pytest.mark.parametrize("line", [b"a b", b"a b c", b"a b 1 2", b"a b nan"])
def test_a_line_that_is_no_pair_is_named(line):
    with pytest.raises(StepladderError, match="a file, line 3 is not two words and a number"):
        parse_rated_pairs(b"x y 1\n\n" + line, "a file")


def test_a_line_that_is_no_analogy_is_named(tmp_path):
    with pytest.raises(StepladderError, match="line 1 is not a heading"):
        parse_analogies(b"a b c d\n", "a file")
    (tmp_path / "f").write_text(": s\na b c\n")
    with pytest.raises(StepladderError, match="f, line 2 is not four words"):
        read_analogies(tmp_path / "f")


def test_what_is_not_there_is_told(tmp_path):
    with pytest.raises(StepladderError, match="cannot be read"):
        read_rated_pairs(tmp_path / "none")
    with pytest.raises(StepladderError, match=r"no set of rated pairs 'menn'; did you mean `men`\?"):
        load_rated_pairs("menn")


@here
def test_the_published_sets_have_their_published_sizes():
    assert [len(load_rated_pairs(name, SETS).pairs) for name in ("wordsim353", "men")] == [353, 3000]
    analogies = load_analogies(SETS)
    assert (len(analogies), sum(map(len, analogies.values()))) == (14, 19_544)


@here
@pytest.mark.parametrize(("name", "pairs"), [("SIMLEX-999", 999), ("RW-STANFORD", 2034), ("RG-65", 65), ("VERB-143", 144)])
def test_other_sets_are_read_by_path(name, pairs):
    assert len(read_rated_pairs(SETS / "word_similarity" / f"EN-{name}.txt").pairs) == pairs
