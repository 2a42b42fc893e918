"""A tagged sentence as it was read, with the place of each word, and what becomes of its tags before they are numbers."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from research.config.errors import StepladderError
from research.config.tagged import Scheme
from research.text.spans import PREFIXES, find_spans, is_tag_of, runs_as_spans, write_spans

ENDINGS = {"bio": "B-, I-", "iob1": "B-, I-", "bioes": "B-, I-, E-, S-"}


class TaggedRow(NamedTuple):
    """`place` is a file, and `lines` the line of each word; of a row of a table `place` says which, and `lines` is empty."""

    place: str
    words: tuple[str, ...]
    tags: tuple[str, ...]
    lines: tuple[int, ...]
    document: str  # "" where the file tells no documents apart


class TaggedSplits(NamedTuple):
    """The splits of tagged data, and the names of its tags by number."""

    splits: dict[str, list[TaggedRow]]
    tags: tuple[str, ...]


def word_place(row: TaggedRow, number: int) -> str:
    """Where a word stands, as an error begins."""
    return f"{row.place}, line {row.lines[number]}" if row.lines else f"{row.place}, word {number + 1}"


def with_runs(row: TaggedRow, of: Sequence[str]) -> TaggedRow:
    """The row with spans in the place of runs of tags; the same where none are asked for."""
    return row._replace(tags=tuple(runs_as_spans(row.tags, of))) if of else row


def in_scheme(row: TaggedRow, scheme: Scheme, repaired: bool) -> TaggedRow:
    """The row with tags that follow the scheme. Raises StepladderError for a tag of another, and for one out of place unless `repaired`."""
    if scheme == "none":
        return row
    for number, tag in enumerate(row.tags):
        if not is_tag_of(scheme, tag):
            raise StepladderError(
                f"{word_place(row, number)}, has the tag {tag!r} ({row.words[number]!r}), which data.scheme = {scheme} has not: its tags "
                f"are O and {ENDINGS[scheme]} before a type, as {PREFIXES[scheme][0]}-PER. Mend the tag, or name another scheme."
            )
    regular = write_spans(scheme, find_spans(row.tags), len(row.tags))
    wrong = next((number for number, pair in enumerate(zip(row.tags, regular, strict=True)) if pair[0] != pair[1]), None)
    if wrong is not None and not repaired:
        before = f"behind {row.tags[wrong - 1]}" if wrong else "at the beginning of a sentence"
        raise StepladderError(
            f"{word_place(row, wrong)}, has the tag {row.tags[wrong]} {before}, where data.scheme = {scheme} has {regular[wrong]} for the "
            "span that conlleval and seqeval read there. Mend it, name the scheme that the file has, or set data.invalid = repair to read "
            "it so."
        )
    return row._replace(tags=tuple(regular))


def refuse_new_tags(rows: Iterable[TaggedRow], tags: tuple[str, ...], scheme: Scheme) -> None:
    """Raises StepladderError for a tag that no training sentence has, which nothing could learn; of a scheme, one of another type."""
    learned = frozenset(tags)
    for row in rows:
        for number, tag in enumerate(row.tags):
            if tag not in learned:
                what = "of a type" if scheme != "none" else "one"
                raise StepladderError(
                    f"{word_place(row, number)}, has the tag {tag!r} ({row.words[number]!r}), {what} that no training sentence has, so "
                    f"that nothing could learn it; theirs are {', '.join(tags[:12])}{' ...' if len(tags) > 12 else ''}. Mend the tag, or "
                    "bring training sentences with it."
                )
