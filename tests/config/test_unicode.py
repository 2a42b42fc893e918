"""What is a line, a mark, one spelling and no character, in every file alike; and that files are read and written as UTF-8."""

import ast
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.config.errors import StepladderError
from research.config.unicode import (
    argument_text,
    argument_utf8,
    clean_text,
    decode,
    decode_path,
    decode_utf8_or_cp1252,
    grapheme_clusters,
    lowercase,
    normalise_unicode,
    outline,
    split_lines,
)
from research.runs import store

ROOT = Path(__file__).parents[2]
line = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0\ufeff"))


@given(st.lists(line, min_size=1), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_three_signs_end_a_line_and_nothing_else_does(lines, end, marked):
    content = ("\ufeff" * marked + "".join(line + end for line in lines)).encode()
    assert split_lines(decode(content, "mine")) == lines


def test_separators_of_lines_that_are_white_space_stay_within_a_line():
    text = "a\x0bb\x0cc\x85d\u2028e\u2029f"
    assert split_lines(decode(text.encode(), "mine")) == [text]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_a_byte_order_mark_begins_no_line(text):
    assert not any(line.startswith("\ufeff") for line in split_lines(clean_text("\ufeff" + text)))


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252"])
def test_a_mark_before_another_encoding_is_none_of_its_characters(encoding):
    assert decode(b"\xef\xbb\xbf" + "café".encode(encoding), "mine", encoding) == "café"


@pytest.mark.parametrize("text", ["the cat sat\non the mat\n", "हिन्दी अच्छी है\nहाँ जी\n", "日本語を話す\n犬 と 猫\n"])
@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-16", "UTF-16"), ("utf-16-le", "UTF-16LE"), ("utf-16-be", "UTF-16BE"), ("utf-32", "UTF-32")],
)
@pytest.mark.parametrize("expected", ["utf-8", "latin-1", "cp1252"])
def test_two_bytes_a_character_are_told_as_such_with_how_to_convert_them(text, encoding, name, expected):
    with pytest.raises(StepladderError, match=f"mine is {name}, not .*`iconv -f {name.lower()} -t utf-8`"):
        decode(text.encode(encoding), "mine", expected)


def test_nul_characters_are_told_with_their_line():
    with pytest.raises(StepladderError, match="mine, line 3, has the character NUL"):
        decode(b"a long line of text\rand another\rand NUL\0\n", "mine")


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_a_wrong_byte_is_told_with_its_line_behind_a_mark_too(end):
    with pytest.raises(StepladderError, match="mine is not UTF-8: line 2 has the byte 0xe9"):
        decode(b"\xef\xbb\xbfone" + end + b"caf\xe9", "mine")


def test_an_old_set_is_read_in_either_of_its_encodings():
    text = "1 café \u2013 “naïve”\n"
    assert decode_utf8_or_cp1252(text.encode(), "mine") == decode_utf8_or_cp1252(text.encode("cp1252"), "mine") == text
    assert decode_utf8_or_cp1252(b"0 odd \x81 byte, caf\xe9", "mine") == "0 odd \x81 byte, café"


@given(st.text())
def test_an_outline_has_a_character_for_each(text):
    assert len(outline(text)) == len(text)
    assert "".join(grapheme_clusters(text)) == text


@given(st.text())
def test_one_normal_form_of_both_spellings(text):
    assert normalise_unicode(unicodedata.normalize("NFD", text)) == normalise_unicode(unicodedata.normalize("NFC", text))
    assert normalise_unicode(text, "none") == text


def test_the_dotted_capital_has_no_second_dot():
    assert lowercase("İSTANBUL") == lowercase("I\u0307STANBUL") == "istanbul"


def test_arguments_are_utf8_whatever_the_locale():
    assert argument_utf8("donn\udcc3\udca9es") == argument_utf8("données") == "données"
    assert argument_utf8("caf\udce9") == "caf\udce9"
    assert argument_text("\ufeffone\r\ntwo\rthree") == "one\ntwo\nthree"


def test_a_file_of_any_name_is_written_of_and_found(tmp_path):
    path = decode_path(str(tmp_path / "caf\udce9 données"))
    store.write_text(path, "train = 'caf\udce9 données'")
    assert store.read_text_file(path) == "train = 'caf\udce9 données'"


OPENERS = ("open", "read_text", "write_text", "TextIOWrapper", "fdopen")


def test_nothing_is_read_or_written_in_the_encoding_of_a_locale():
    missing = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for folder in ("research", "experiments", "scripts")
        for path in (ROOT / folder).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and _opens_a_text(call)
    ]
    assert not missing


def _opens_a_text(call: ast.Call) -> bool:
    """Whether a call opens, reads or writes a file as text and does not say its encoding."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    owner = getattr(function.value, "id", "") if isinstance(function, ast.Attribute) else ""
    words = [*call.args, *(word.value for word in call.keywords if word.arg == "mode")]
    binary = any(isinstance(word, ast.Constant) and isinstance(word.value, str) and "b" in word.value for word in words)
    ours = owner in ("store", "os", "gzip", "tarfile", "zipfile", "archive") or (isinstance(function, ast.Name) and name != "open")
    return name in OPENERS and not ours and not binary and not any(word.arg == "encoding" for word in call.keywords)
