"""The lines of a file that a command names."""

from pathlib import Path

from research.config.errors import StepladderError


def lines_of(option: str, file: Path, what: str) -> list[str]:
    """The file's lines, `what` one each. Raises StepladderError, which names the option, for no file, no UTF-8 or nothing in it."""
    try:
        lines = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").removesuffix("\n").split("\n")
    except OSError as error:
        raise StepladderError(f"{option} {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = file.read_bytes().count(b"\n", 0, error.start) + 1
        raise StepladderError(f"{option} {file} is not UTF-8: line {line} has the byte 0x{error.object[error.start]:02x}.") from error
    if lines == [""]:
        raise StepladderError(f"{option} {file} is empty: it is to have {what} a line.")
    return lines
