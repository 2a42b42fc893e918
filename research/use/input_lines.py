"""The lines of a file that a command names."""

from pathlib import Path

from research.config import unicode
from research.config.errors import StepladderError


def read_input_lines(option: str, file: Path, what: str) -> list[str]:
    """The file's lines, `what` one each. Raises StepladderError, which names the option, for no file, no UTF-8 or nothing in it."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise StepladderError(f"{option} {file} cannot be read: {error.strerror}.") from error
    lines = unicode.split_lines(unicode.decode(content, f"{option} {file}"))
    if lines == [""]:
        raise StepladderError(f"{option} {file} is empty: it is to have {what} a line.")
    return lines
