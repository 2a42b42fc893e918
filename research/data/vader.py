"""What the source archive of vaderSentiment 3.3.2 holds: the lexicon, emoji descriptions, and four sets of sentences rated by people.

Hutto & Gilbert 2014: a rating is the mean over 20 raters, from -4 (most negative) to 4. Their sets lie in an archive inside the archive.
"""

import io
import math
import tarfile
from typing import Literal

from research.config.errors import StepladderError

Part = Literal["movie", "tweets", "amazon", "nyt"]
SDIST = "vaderSentiment-3.3.2.tar.gz"
LEXICON = "vaderSentiment-3.3.2/vaderSentiment/vader_lexicon.txt"
EMOJI = "vaderSentiment-3.3.2/vaderSentiment/emoji_utf8_lexicon.txt"
RATED = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
PARTS: dict[Part, str] = {
    "movie": "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt",
    "tweets": "hutto_ICWSM_2014/tweets_GroundTruth.txt",
    "amazon": "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt",
    "nyt": "hutto_ICWSM_2014/nytEditorialSnippets_GroundTruth.txt",
}


def read_lexicon_text(archive: bytes) -> str:
    """Lines of word, mean valence, deviation and the ten ratings, separated by tabs."""
    return _text(archive, LEXICON)


def read_emoji_text(archive: bytes) -> str:
    """Lines of emoji and description, separated by a tab."""
    return _text(archive, EMOJI)


def read_rated(archive: bytes, part: Part) -> list[tuple[str, float, str]]:
    """Id, mean rating and text of every sentence of a part, in the file's order.

    Raises StepladderError for an archive that lacks the part, and for a line that is not id, number and text.
    """
    lines = _text(_member(archive, RATED), PARTS[part]).split("\n")
    return [_rated(line, f"{PARTS[part]}, line {number}") for number, line in enumerate(lines, start=1) if line.strip()]


def _rated(line: str, place: str) -> tuple[str, float, str]:
    fields = line.split("\t", 2)
    if len(fields) < 3:
        raise StepladderError(f"{place} has {len(fields)} fields; expected id, rating and text, separated by tabs.")
    identifier, rating, text = fields
    try:
        value = float(rating)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise StepladderError(f"{place} has the rating {rating!r}, which is not a number.")
    return identifier, value, text.strip()


def _text(archive: bytes, path: str) -> str:
    return _member(archive, path).decode("utf-8").replace("\r\n", "\n")


def _member(archive: bytes, path: str) -> bytes:
    """One file of a packed archive."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            member = tar.extractfile(path)
            assert member is not None, f"{path} is a folder"
            return member.read()
    except (KeyError, tarfile.TarError, OSError, EOFError) as error:
        raise StepladderError(
            f"There is no {path} in this archive: {error}. It is not {SDIST}; run `stepladder data fetch vader`."
        ) from error
