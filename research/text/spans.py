"""Spans of words, and the tags that tell them: bio, iob1 and bioes.

Tags are read as conlleval does (Tjong Kim Sang & Buchholz 2000), and seqeval by default: a span begins at B or S, behind O, E or S, and
where the type changes, so that any sequence of tags has spans. Shapes: n words, one sentence after another; s sentences; g tags.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from research.config.tagged import Scheme

OUTSIDE = "O"
PREFIXES: dict[Scheme, str] = {"none": "", "bio": "BI", "iob1": "BI", "bioes": "BIES"}


class Span(NamedTuple):
    """Words `first` to `last` of a sentence, both included."""

    type: str
    first: int
    last: int


class TagParts(NamedTuple):
    """`B` and `PER` of B-PER; `O` and nothing of O."""

    prefix: str
    type: str


def tag_parts(tag: str) -> TagParts:
    """The parts of a tag of a scheme."""
    return TagParts(tag[:1], tag[2:])


def is_tag_of(scheme: Scheme, tag: str) -> bool:
    """Whether a scheme has such a tag, wherever it stands."""
    return tag == OUTSIDE or (len(tag) > 2 and tag[0] in PREFIXES[scheme] and tag[1] == "-")


def scheme_tags(scheme: Scheme, tags: Iterable[str]) -> tuple[str, ...]:
    """All tags of a scheme for the types that these have: a type that is known in one place may stand in every other."""
    if scheme == "none":
        return tuple(sorted(set(tags)))
    types = sorted({tag_parts(tag).type for tag in tags if tag != OUTSIDE})
    return OUTSIDE, *(f"{prefix}-{name}" for name in types for prefix in PREFIXES[scheme])


def find_spans(tags: Sequence[str]) -> list[Span]:
    """The spans of one sentence, in order."""
    spans: list[Span] = []
    before = TagParts(OUTSIDE, "")
    for place, parts in enumerate(map(tag_parts, tags)):
        if parts.prefix != OUTSIDE:
            begins = parts.prefix in "BS" or before.prefix in "OES" or before.type != parts.type
            spans.append(Span(parts.type, place, place) if begins else spans.pop()._replace(last=place))
        before = parts
    return spans


def write_spans(scheme: Scheme, spans: Sequence[Span], words: int) -> list[str]:
    """The tags of so many words that tell these spans in a scheme."""
    tags = [OUTSIDE] * words
    before = Span("", -2, -2)
    for span in spans:
        for place in range(span.first, span.last + 1):
            tags[place] = f"{_prefix(scheme, span, place, before)}-{span.type}"
        before = span
    return tags


def _prefix(scheme: Scheme, span: Span, place: int, before: Span) -> str:
    begins, ends = place == span.first, place == span.last
    if scheme == "iob1":
        return "B" if begins and before.type == span.type and before.last == span.first - 1 else "I"
    if scheme == "bioes" and ends:
        return "S" if begins else "E"
    return "B" if begins else "I"


def runs_as_spans(tags: Sequence[str], of: Iterable[str]) -> list[str]:
    """B- and I- of the tags `of` where they stand next to their like, and O for every other."""
    wanted = frozenset(of)
    runs = [(tag, place) for tag, run in groupby(tags) for place, _ in enumerate(run)]
    return [OUTSIDE if tag not in wanted else f"{'I' if place else 'B'}-{tag}" for tag, place in runs]


def count_spans(
    names: Sequence[str], true: Int[np.ndarray, " n"], predicted: Int[np.ndarray, " n"], sentences: Int[np.ndarray, " n"]
) -> Int[np.ndarray, "s 3"]:
    """Of each sentence that has words, in ascending order of its number: spans that are right in type, first and last word; spans that are
    predicted; spans that are there. `names`: the tags by number.
    """
    opens = np.diff(sentences, prepend=sentences[:1] - 1) != 0
    number = np.cumsum(opens) - 1
    there, said = _bounds(names, true, opens), _bounds(names, predicted, opens)
    right = there.begins & said.begins & (there.type == said.type) & (there.end == said.end)
    counts = [np.bincount(number, which, minlength=int(opens.sum())) for which in (right, said.begins, there.begins)]
    return np.stack(counts, axis=1).astype(np.int64)


class _Bounds(NamedTuple):
    begins: Bool[np.ndarray, " n"]
    type: Int[np.ndarray, " n"]
    end: Int[np.ndarray, " n"]  # of the span that a word is in, the number of its last word


def _bounds(names: Sequence[str], tags: Int[np.ndarray, " n"], opens: Bool[np.ndarray, " n"]) -> _Bounds:
    """Where spans begin and end; `opens`: the first words of sentences."""
    parts = [tag_parts(name) for name in names]
    prefix = np.array([part.prefix for part in parts], "U1")[tags]
    types = np.unique([part.type for part in parts], return_inverse=True)[1][tags]
    inside, before = prefix != OUTSIDE, np.where(opens, OUTSIDE, np.roll(prefix, 1))
    begins = inside & (np.isin(prefix, ("B", "S")) | np.isin(before, (OUTSIDE, "E", "S")) | (types != np.roll(types, 1)))
    goes_on = np.append((inside & ~begins)[1:], False)
    last = np.where(goes_on, len(tags), np.arange(len(tags)))
    return _Bounds(begins, types, np.minimum.accumulate(last[::-1])[::-1])
