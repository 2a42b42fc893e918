"""What is known of words before any rule: their valences, and what emoji mean."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from research.config.errors import StepladderError
from research.config.unicode import decode_path, lowercase, normalise_unicode, plain_punctuation
from research.data.dataset_sources import read_data_source
from research.data.utf8 import as_text
from research.data.vader import SDIST, read_emoji_text, read_lexicon_text

LARGEST = 100.0
BUILT_IN = "vader"  # a lexicon that is no file


class Lexicon(NamedTuple):
    """Words are looked up in lower case."""

    valences: Mapping[str, float]
    emoji: Mapping[str, str] = {}


def load_lexicon(name: str, data_dir: Path | None = None) -> Lexicon:
    """The lexicon of a config: VADER's, or a file of one's own, which has no emoji but may give them valences.

    In a file of one's own an entry with capitals also stands for the one without. Raises StepladderError for a file that is not there.
    """
    if name == BUILT_IN:
        archive = read_data_source("vader", data_dir)[SDIST]
        return Lexicon(read_lexicon(read_lexicon_text(archive), "vader_lexicon.txt"), read_emoji(read_emoji_text(archive)))
    try:
        content = decode_path(name).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StepladderError(
            f"model.lexicon = {name!r} cannot be read: {reason}. Write `vader`, or the path of a file of lines `word<TAB>valence`."
        ) from error
    valences = read_lexicon(as_text(content, name), name)
    return Lexicon({lowercase(word): valence for word, valence in valences.items()} | valences)


def read_lexicon(text: str, place: str = "the lexicon") -> dict[str, float]:
    """The valence of each word, from lines `word<TAB>valence`; further fields and blank lines are skipped, of equal words the last counts.

    Raises StepladderError, with the line, for one without a valence between -100 and 100, and for a text without words.
    """
    valences = {}
    for number, word, other_fields in _lines(text):
        if not other_fields:
            raise StepladderError(f"{place}, line {number}: {word!r} has no valence; write the word, a tab, and a number.")
        valences[plain_punctuation(normalise_unicode(word))] = _valence(other_fields[0], f"{place}, line {number}: the valence of {word!r}")
    if not valences:
        raise StepladderError(f"{place} is empty: it needs at least one line `word<TAB>valence`.")
    return valences


def read_emoji(text: str) -> dict[str, str]:
    """The description of each emoji that is a single character, from lines `emoji<TAB>description`."""
    return {emoji: other_fields[0] for _, emoji, other_fields in _lines(text) if len(emoji) == 1 and other_fields}


def _lines(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Number, first field and the other fields of each line that is not blank."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            first, *other_fields = line.strip().split("\t")
            yield number, first, other_fields


def _valence(field: str, what: str) -> float:
    try:
        valence = float(field)
    except ValueError:
        raise StepladderError(f"{what} must be a number, not {field!r}.") from None
    if not abs(valence) <= LARGEST:
        raise StepladderError(
            f"{what} must lie between -{LARGEST:g} and {LARGEST:g}, not {field}. The rules are made for a scale from -4 to 4: rescale it."
        )
    return valence
