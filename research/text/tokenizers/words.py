"""Words: what stands between white space. A line's end is `</s>`."""

from collections.abc import Iterable

from research.text.tokenizers.tokenizer_kind import TokenizerKind, as_it_stands, count_symbols, learns_nothing_to_read, look_up_symbols

LINE_END = "</s>"


def cut_at_white_space(text: str) -> list[str]:
    """The words of a text. Its last line has an end only if the text ends with a newline: `"a b\\nc"` -> a, b, </s>, c."""
    return text.replace("\n", f" {LINE_END} ").split()


def join_with_spaces(words: Iterable[str]) -> str:
    """The text of words: the inverse of `cut_at_white_space`, where white space inside a line counts as one space."""
    lines: list[list[str]] = [[]]
    for word in words:
        if word == LINE_END:
            lines.append([])
        else:
            lines[-1].append(word)
    return "\n".join(map(" ".join, lines))


def single_spaces(text: str) -> str:
    """A text with one space for all white space inside a line."""
    return "\n".join(" ".join(line.split()) for line in text.split("\n"))


WORDS_BETWEEN_SPACES: TokenizerKind[None] = TokenizerKind(
    line_end=LINE_END,
    has_unknown=True,
    libraries=(),
    revision=0,
    read=learns_nothing_to_read,
    cut=lambda _, text: cut_at_white_space(text),
    join=lambda _, words: join_with_spaces(words),
    own_types=None,
    count_types=count_symbols(cut_at_white_space),
    learning=None,
    merging=None,
    ranking=None,
    numbers=look_up_symbols,
    written=single_spaces,
    shown=as_it_stands,
)
