"""The blocks of a text put together are the text, whatever its line ends, marks and length, and none is much longer than it is to be."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.config.errors import StepladderError
from research.config.unicode import clean_text
from research.data.formats.text_lines import ADVICE
from research.data.text_blocks import file_blocks, text_blocks, whole_lines
from research.data.utf8 import as_text
from research.text.tokenizers.pretokenize import pretokenize

PIECES = [*"abe \n\r\t#.é日\ufeff\u0301\u0323\u1100\u1161\u2028", "  ", "\r\n", "\n\n"]
raw_texts = st.lists(st.sampled_from(PIECES), max_size=40).map(lambda pieces: "".join(pieces).encode())
sizes, long_lines = st.integers(1, 12), st.integers(1, 60)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("blocks") / "text"


def whole(content):
    try:
        return as_text(content, "mine", advice=ADVICE)
    except StepladderError as error:
        return str(error)


def in_blocks(path, content, size, long_line):
    path.write_bytes(content)
    try:
        return "".join(file_blocks(path, "mine", size, long_line))
    except StepladderError as error:
        return str(error)


@given(raw_texts, sizes, long_lines)
def test_a_file_in_blocks_is_the_file(path, content, size, long_line):
    assert in_blocks(path, content, size, long_line) == whole(content)


@given(raw_texts, st.integers(0, 200), st.sampled_from([b"\xe9", b"\0", b"\xff\xfe", b"a\0b\0"]), sizes)
def test_what_is_no_text_is_told_as_of_the_whole_file(path, content, place, wrong, size):
    content = content[:place] + wrong + content[place:]
    assert in_blocks(path, content, size, 30) == whole(content)


@given(raw_texts, sizes, long_lines)
def test_neither_normal_form_nor_a_word_reaches_over_a_border(path, content, size, long_line):
    path.write_bytes(content + b"\nx")
    text, blocks = as_text(content + b"\nx", "mine"), list(file_blocks(path, "mine", size, long_line))
    assert "".join(unicodedata.normalize("NFC", block) for block in blocks) == unicodedata.normalize("NFC", text)
    assert [word for block in blocks for word in pretokenize(block)] == pretokenize(text)


@given(raw_texts, sizes)
def test_a_block_is_no_longer_than_asked_but_for_what_ends_its_line(path, content, size):
    content += b"\nx"
    path.write_bytes(content)
    longest = 1 + max(map(len, content.replace(b"\r", b"\n").split(b"\n")))
    for block in file_blocks(path, "mine", size):
        assert len(block.encode()) <= longest + max(size, longest)


def test_a_long_line_is_cut_before_a_space(path):
    path.write_text("one two three four five six", encoding="utf-8")
    assert list(file_blocks(path, "mine", 4, 8)) == ["one two", " three", " four", " five", " six", "\n"]
    assert list(whole_lines(file_blocks(path, "mine", 4, 8))) == ["one two three four five six\n"]


@given(raw_texts.map(lambda content: clean_text(content.decode())), sizes)
def test_a_text_in_memory_alike(text, size):
    blocks = list(text_blocks(text, size))
    assert "".join(blocks) == text
    assert all(block.endswith("\n") for block in blocks[:-1])
    assert list(whole_lines(iter(["", *blocks, ""]))) == blocks
