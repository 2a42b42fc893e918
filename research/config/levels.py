"""What a config must know of each level, the symbols that a text is cut into: one entry for each, in `LEVEL_FACTS`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple


class LevelFacts(NamedTuple):
    """A level. What cuts and joins its texts is its entry in research/text/tokenizers/registry.py. Nothing has a default."""

    learned: bool  # its pieces are learned from the training text until the vocabulary has the size that it needs
    words: bool  # its symbols are what stands between white space, once the data has put marks of punctuation apart
    spells: bool  # a word that training has not is still told by its parts; else it is <unk>
    own_types: str  # which types it has whatever the text, as an error says it, so that no vocabulary is chosen; "" where the text decides
    varied_by: tuple[str, ...]  # the kinds of data.regularisation that cut its texts anew for each epoch


LEVEL_FACTS: dict[str, LevelFacts] = {
    "word": LevelFacts(learned=False, words=True, spells=False, own_types="", varied_by=()),
    "char": LevelFacts(learned=False, words=False, spells=True, own_types="", varied_by=()),
    "byte": LevelFacts(learned=False, words=False, spells=True, own_types="there are 256 bytes", varied_by=()),
    "bpe": LevelFacts(learned=True, words=False, spells=True, own_types="", varied_by=("bpe_dropout",)),
    "byte_bpe": LevelFacts(learned=True, words=False, spells=True, own_types="", varied_by=("bpe_dropout",)),
    "unigram": LevelFacts(learned=True, words=False, spells=True, own_types="", varied_by=("sample",)),
    "wordpiece": LevelFacts(learned=True, words=False, spells=True, own_types="", varied_by=()),
}

if TYPE_CHECKING:
    Level = str
else:
    Level = Literal[tuple(LEVEL_FACTS)]


def level_facts(level: str) -> LevelFacts:
    """The entry of a level."""
    return LEVEL_FACTS[level]


def levels_where(test: Callable[[LevelFacts], bool]) -> tuple[str, ...]:
    """The levels that pass a test, in the order of their entries."""
    return tuple(level for level, facts in LEVEL_FACTS.items() if test(facts))


def levels_varied_by(regularisation: str) -> tuple[str, ...]:
    """The levels whose texts a kind of data.regularisation can cut anew."""
    return levels_where(lambda facts: regularisation in facts.varied_by)
