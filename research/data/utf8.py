"""Bytes to text."""

from research.config.errors import StepladderError


def as_text(content: bytes, place: str) -> str:
    """The text of a file. Raises StepladderError for an empty file and for one that is not UTF-8, with the line."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StepladderError(
            f"{place} is not UTF-8: line {line} has the byte 0x{content[error.start]:02x}. Convert it first, for instance with "
            f"`iconv -f latin1 -t utf-8`."
        ) from error
    if not text.strip():
        raise StepladderError(f"{place} is empty: a split needs at least one line with a word.")
    return text if text.endswith("\n") else text + "\n"
