"""Vectors come back bit for bit in both formats, and a broken file is told with its line."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from research.config.errors import StepladderError
from research.text.vector_files import Vectors, read_vectors, select_vectors, write_vectors

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda word: word.split() == [word])
tables = st.lists(words, unique=True, min_size=1, max_size=6).flatmap(
    lambda some: st.tuples(
        st.just(tuple(some)),
        st.integers(1, 4).flatmap(
            lambda d: arrays.arrays(np.float32, (len(some), d), elements=st.floats(width=32, allow_nan=False, allow_infinity=False))
        ),
    )
)


@pytest.mark.parametrize("form", ["word2vec", "glove"])
@given(tables)
def test_words_and_numbers_round_trip(form, table):
    with TemporaryDirectory() as folder:
        write_vectors(Path(folder) / "v.txt", Vectors(*table), form)
        back = read_vectors(Path(folder) / "v.txt", form)
    assert back.words == table[0]
    np.testing.assert_array_equal(back.table, table[1])


def test_spaces_and_carriage_returns_at_a_line_end_are_no_part_of_it(tmp_path):
    (tmp_path / "v.txt").write_bytes(b"2 2\r\na 1 2 \r\nb -3e-1 4\r\n")
    back = read_vectors(tmp_path / "v.txt")
    assert back.lookup == {"a": 0, "b": 1}
    np.testing.assert_array_equal(back.table, np.float32([[1, 2], [-0.3, 4]]))


@pytest.mark.parametrize(
    ("form", "text", "message"),
    [
        ("word2vec", "", "is empty"),
        ("word2vec", "0 3\n", "is empty"),
        ("glove", "\n", "is empty"),
        ("word2vec", "a 1 2\n", r"line 1 is not `words width`.*'a 1 2'.*glove"),
        ("word2vec", "1 2\na 1 2 3\n", r"line 2: 'a' has 3 numbers, expected 2"),
        ("glove", "a 1 2\n\nb 1\n", r"line 3: 'b' has 1 numbers, expected 2"),
        ("glove", "a\n", r"line 1: 'a' has 0 numbers, expected one or more"),
        ("glove", "2 2\na 1 2\n", r"line 2: 'a' has 2 numbers, expected 1\. .*word2vec format"),
        ("glove", "a 1 x2\n", r"line 1: 'x2', in the vector of 'a', is not a finite number"),
        ("glove", "a 1 nan\n", r"line 1: 'nan'"),
        ("glove", "a 1\nb 2\na 3\n", r"line 3: the word 'a' is already on line 1"),
        ("word2vec", "3 1\na 1\nb 2\n", r"line 1 says 3 words, and 2 follow"),
    ],
)
def test_a_broken_file_is_told_with_its_line(tmp_path, form, text, message):
    (tmp_path / "v.txt").write_text(text)
    with pytest.raises(StepladderError, match=message):
        read_vectors(tmp_path / "v.txt", form)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "latin").write_bytes(b"\xe9 1\n")
    for path, message in ((tmp_path, "cannot be read"), (tmp_path / "none", "cannot be read"), (tmp_path / "latin", "is not UTF-8")):
        with pytest.raises(StepladderError, match=message):
            read_vectors(path, "glove")


@pytest.mark.parametrize("word", ["", "new york", "a\n", "\u00a0"])
def test_a_word_that_no_line_can_hold_is_refused_before_anything_is_written(tmp_path, word):
    with pytest.raises(StepladderError, match="Word 1 of"):
        write_vectors(tmp_path / "v.txt", Vectors(("a", word), np.zeros((2, 1), np.float32)))
    assert not (tmp_path / "v.txt").exists()


def write_binary(path, vectors, end=b"\n"):
    """As word2vec's own program does."""
    rows = zip(vectors.words, vectors.table, strict=True)
    head = f"{len(vectors.words)} {vectors.table.shape[1]}\n".encode()
    path.write_bytes(head + b"".join(word.encode() + b" " + row.astype("<f4").tobytes() + end for word, row in rows))


@pytest.mark.parametrize("form", ["word2vec", "glove", "binary", "binary, no line ends"])
def test_of_every_format_the_wanted_words_come_back(form, tmp_path):
    table = np.random.default_rng(0).normal(size=(300, 40)).astype(np.float32)
    vectors = Vectors(tuple(f"é{i}" for i in range(300)), table)
    if form.startswith("binary"):
        write_binary(tmp_path / "v", vectors, b"" if "no" in form else b"\n")
    else:
        write_vectors(tmp_path / "v", vectors, form)
    found = select_vectors(tmp_path / "v", {"é7", "é299", "elsewhere"})
    assert found.words == ("é7", "é299")
    np.testing.assert_array_equal(found.table, table[[7, 299]])


def test_a_word_of_several_parts_is_passed_over(tmp_path):
    (tmp_path / "v").write_text("a 1 2\na b 3 4\n. . 5 6\n. 7 8\n")
    found = select_vectors(tmp_path / "v", {"a", "."})
    assert (found.words, found.table.tolist()) == (("a", "."), [[1, 2], [7, 8]])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"3 2\na 1 2\n", "line 1 says 3 words, and 1 follow"),
        (b"a 1 2\nb 1\n", "line 2: 'b' has 1 numbers, expected 2"),
        (b"a 1 2\nb 1 2\na 3 4\n", "has the word 'a' twice"),
        (b"3 2\na " + np.float32([1, np.pi]).tobytes(), "ends within word 2"),
        (b"1 2\na " + np.float32([1, np.nan]).tobytes(), "the vector of 'a' has a number that is not finite"),
        (b"a 1 2\n\xff 1 2\n", "is not UTF-8"),
    ],
)
def test_a_broken_file_to_select_from_is_told(content, told, tmp_path):
    (tmp_path / "v").write_bytes(content)
    with pytest.raises(StepladderError, match=told):
        select_vectors(tmp_path / "v", {"a", "b"})
