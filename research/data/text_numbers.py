"""The tokens of a text as numbers, block by block: what is written to the cache, and what is counted on the way."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

import numpy as np

from research.config.errors import StepladderError
from research.data.dataset import Identity
from research.data.limits import checked_limit
from research.data.split_identity import RunningIdentity
from research.text.tokenizers.registry import TOKENIZERS
from research.text.tokenizers.tokenizer_kind import Numbers
from research.text.vocabulary import Vocabulary

NARROW = (np.uint8, np.uint16)


class NumberedBlock(NamedTuple):
    """Some whole tokens of a text, and the text that they are: white space as one space at a level of words, <unk> as it was written."""

    numbers: Numbers
    text: str


class TextFacts(NamedTuple):
    """What is known of the tokens of a split. `identity`: of a split that is scored."""

    tokens: int = 0
    lines: int = 0
    unknown: int = 0
    characters: int = 0
    bytes: int = 0
    identity: Identity | None = None


def narrowest(size: int) -> np.dtype:
    """The type of the numbers below `size` in the cache: 8, 16 or 32 bits."""
    return np.dtype(next((kind for kind in NARROW if size <= np.iinfo(kind).max + 1), np.int32)).newbyteorder("<")


def numbered_blocks(
    vocabulary: Vocabulary, blocks: Iterable[str], key: str, limit: int | Literal["all"] = "all"
) -> Iterator[NumberedBlock]:
    """The tokens of a text, or the whole lines of it that fit into a limit, whose blocks then are of whole lines; all blocks are read.

    `key` is the limit's in [data]. Raises StepladderError for a limit that leaves out nothing, or all.
    """
    entry, count, is_full = TOKENIZERS[vocabulary.level], 0, False
    number = entry.numbers(vocabulary, vocabulary.tokens)
    for block in filter(None, blocks):
        if is_full:
            continue
        numbered = NumberedBlock(number(block), entry.written(block))
        if limit != "all" and count + len(numbered.numbers) > limit:
            is_full, numbered = True, _first_lines(vocabulary, numbered, key, limit, count)
        count += len(numbered.numbers)
        yield numbered
    if not is_full:
        checked_limit(key, limit, count, f"tokens of {key.removesuffix('_tokens')} text")


def _first_lines(vocabulary: Vocabulary, block: NumberedBlock, key: str, limit: int, before: int) -> NumberedBlock:
    """The lines of a block that fit into what `before` tokens have left of a limit."""
    ends = np.flatnonzero(block.numbers == vocabulary.eos) + 1
    if not before and ends[0] > limit:
        raise StepladderError(f"data.{key} = {limit} is shorter than the first line, of {ends[0]} tokens. Raise it.")
    lines = int(np.count_nonzero(ends <= limit - before))
    text = "".join(line + "\n" for line in block.text.split("\n")[:lines])
    return NumberedBlock(block.numbers[: ends[lines - 1] if lines else 0], text)


def write_numbers(
    vocabulary: Vocabulary, blocks: Iterable[NumberedBlock], write: Callable[[Numbers, str], None], identify: bool
) -> TextFacts:
    """Give each block to `write`, its numbers as narrow as they may be, and count what it has."""
    kind, identity, facts = narrowest(vocabulary.size), RunningIdentity(vocabulary), TextFacts()
    for block in blocks:
        write(block.numbers.astype(kind), block.text)
        facts = _counted(vocabulary, facts, block)
        if identify:
            identity.add(block.text, block.numbers)
    return facts._replace(identity=identity.identity if identify else None)


def _counted(vocabulary: Vocabulary, facts: TextFacts, block: NumberedBlock) -> TextFacts:
    ends = np.count_nonzero(block.numbers == vocabulary.eos)
    unknown = 0 if vocabulary.unk is None else np.count_nonzero(block.numbers == vocabulary.unk)
    utf8 = len(block.text) if block.text.isascii() else len(block.text.encode())
    return TextFacts(
        facts.tokens + len(block.numbers),
        facts.lines + int(ends),
        facts.unknown + int(unknown),
        facts.characters + len(block.text),
        facts.bytes + utf8,
    )
