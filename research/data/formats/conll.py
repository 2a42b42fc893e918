"""Tagged sentences in columns: a word a line, blank lines between sentences, as CoNLL's shared tasks and CoNLL-U have them.

Columns stand apart by tabs where the first word's line has one, else by white space. Of CoNLL-U, ten columns by tabs of which the first is
a number, ranges of words (1-2) and empty nodes (1.1) are left out.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from research.config.errors import StepladderError, did_you_mean
from research.config.tagged import UNIVERSAL, Column

DOCUMENT = "-DOCSTART-"
NOT_A_WORD = re.compile(r"\d+[-.]\d+")
NUMBER = re.compile(r"\d+")
NOTE = re.compile(r"#\s*(?:[\w.:-]+\s*=|newdoc\b|newpar\b)")
NEW_DOCUMENT, NAME = re.compile(r"#\s*newdoc\b"), re.compile(r"#\s*sent_id\s*=\s*(.*)")
EMPTY = "_"  # of a feature that a word has not


class ConllColumns(NamedTuple):
    """Which columns are read; None: the usual ones. `feature`: of the column of the tags, as `Case` of `Case=Nom|Number=Sing`."""

    words: Column | None = None
    tags: Column | None = None
    feature: str | None = None


class ConllSentence(NamedTuple):
    """Words, their tags, and the number of each word's line; `document` counts those that the file tells apart, `name` is its sent_id."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    lines: tuple[int, ...]
    document: int
    name: str


class _Layout(NamedTuple):
    """How the lines of a file are cut: what separates cells (None: white space), how many there are, which two are read."""

    separator: str | None
    cells: int
    universal: bool
    words: int
    tags: int


class _Line(NamedTuple):
    number: int
    text: str


def conll_sentences(lines: Iterable[str], place: str, columns: ConllColumns) -> Iterator[ConllSentence]:
    """The sentences of a file, whose name in errors is `place`. Raises StepladderError with the line that is broken, and for no word."""
    layout, document, name, begun = None, 0, "", list[tuple[int, str, str]]()
    yielded = False
    for line in (_Line(number, text.rstrip("\r\n")) for number, text in enumerate(lines, start=1)):
        blank = not line.text.strip()
        begins_document = line.text.lstrip().startswith(DOCUMENT) or bool(not begun and NEW_DOCUMENT.match(line.text))
        if (blank or begins_document) and begun:
            yield _sentence(begun, document, name)
            begun, name, yielded = [], "", True
        document += begins_document
        if blank or begins_document or _is_note(line.text, layout, bool(begun)):
            if not begun and (named := NAME.match(line.text)):
                name = named[1].strip()
            continue
        layout = layout or _layout(line, place, columns)
        cells = _cells(line, layout, place)
        if not (layout.universal and NOT_A_WORD.fullmatch(cells[0])):
            begun.append((line.number, *_word_and_tag(cells, line, layout, place, columns.feature)))
    if begun:
        yield _sentence(begun, document, name)
    elif not yielded:
        raise StepladderError(f"{place} is empty: a split needs at least one line with a word and its tag.")


def _sentence(begun: list[tuple[int, str, str]], document: int, name: str) -> ConllSentence:
    numbers, words, tags = zip(*begun, strict=True)
    return ConllSentence(words, tags, numbers, document, name)


def _is_note(text: str, layout: _Layout | None, inside: bool) -> bool:
    """Whether a line that begins with # is no word: as CoNLL-U has it, or because it has not as many cells as words have."""
    if not text.startswith("#"):
        return False
    if layout is None or layout.universal or NOTE.match(text):
        return True
    return len(text.split(layout.separator)) != layout.cells and (not inside or text[1:2].isspace())


def _layout(line: _Line, place: str, columns: ConllColumns) -> _Layout:
    separator = "\t" if "\t" in line.text.strip() else None
    cells = line.text.split(separator)
    universal = separator == "\t" and len(cells) == len(UNIVERSAL) and bool(NUMBER.match(cells[0]))
    if len(cells) < 2:
        raise StepladderError(
            f"{place}, line {line.number}, has one column ({line.text.strip()[:60]!r}); a line is a word and its tag, apart by a tab or "
            "white space, and a blank line ends a sentence."
        )
    usual: tuple[Column, Column] = ("form", "feats" if columns.feature else "upos") if universal else (1, len(cells))
    words, tags = (
        _index(column or default, cells, universal, f"data.columns.{word}", f"{place}, line {line.number},")
        for column, default, word in zip((columns.words, columns.tags), usual, ("words", "tags"), strict=True)
    )
    return _Layout(separator, len(cells), universal, words, tags)


def _index(column: Column, cells: list[str], universal: bool, key: str, place: str) -> int:
    """The index of a column."""
    if isinstance(column, int):
        if column <= len(cells):
            return column - 1
        raise StepladderError(f"{key} = {column}, and {place} has {len(cells)} columns, numbered from 1.")
    if universal and column in UNIVERSAL:
        return UNIVERSAL.index(column)
    if universal:
        hint = did_you_mean(column, UNIVERSAL) or "."
        raise StepladderError(f"{key} = {column!r} is no column of CoNLL-U{hint} Its columns are {', '.join(UNIVERSAL)}.")
    raise StepladderError(
        f"{key} = {column!r} is the name of a column of CoNLL-U, and {place} is not of it: that has {len(UNIVERSAL)} columns apart by "
        f"tabs, the first a number. Name a column by its number, 1 to {len(cells)}."
    )


def _cells(line: _Line, layout: _Layout, place: str) -> list[str]:
    cells = line.text.split(layout.separator)
    if len(cells) == layout.cells:
        return cells
    apart = "tabs" if layout.separator else "white space"
    many = "1 column" if len(cells) == 1 else f"{len(cells)} columns"
    raise StepladderError(
        f"{place}, line {line.number}, has {many} apart by {apart} ({line.text.strip()[:60]!r}), and the lines before it have "
        f"{layout.cells}. Mend the line; a blank line ends a sentence."
    )


def _word_and_tag(cells: list[str], line: _Line, layout: _Layout, place: str, feature: str | None) -> tuple[str, str]:
    if layout.universal and not NUMBER.fullmatch(cells[0]):
        raise StepladderError(
            f"{place}, line {line.number}, has {cells[0][:20]!r} for the number of a word, as CoNLL-U has it: 1, 2, ..., 1-2 or 1.1."
        )
    word, tag = ("_".join(cells[index].split()) for index in (layout.words, layout.tags))
    for text, what in ((word, "word"), (tag, "tag")):
        if not text:
            raise StepladderError(f"{place}, line {line.number}, has an empty {what}. Write it, or remove the line.")
    return word, tag if feature is None else _value(tag, feature, f"{place}, line {line.number},")


def _value(features: str, name: str, place: str) -> str:
    """The value of a feature; where it is said twice, both, with a comma between."""
    if features == EMPTY:
        return EMPTY
    pairs = [part.partition("=") for part in features.split("|")]
    if not all(equals and key and value for key, equals, value in pairs):
        raise StepladderError(
            f"{place} has {features[:60]!r}, which is no list of features such as Case=Nom|Number=Sing, of which data.feature names one."
        )
    return ",".join(value for key, _, value in pairs if key == name) or EMPTY
