"""Bytes to text."""

from research.config.errors import StepladderError
from research.config.unicode import CONVERSION_ADVICE, Encoding, decode


def as_text(content: bytes, place: str, encoding: Encoding = "utf-8", advice: str = CONVERSION_ADVICE) -> str:
    """The text of a file, as `decode` reads it, with an end of its last line. Raises StepladderError for an empty file too."""
    text = decode(content, place, encoding, advice)
    if not text.strip():
        raise StepladderError(f"{place} is empty: a split needs at least one line with a word.")
    return text if text.endswith("\n") else text + "\n"
