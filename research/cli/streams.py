"""stdout and stderr of a command whose reader may go away: what is said then is lost, and no run fails because of it."""

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from typing_extensions import Buffer

GONE = (errno.EPIPE, errno.EIO)  # the reader of a pipe, a terminal


class _Forgiving(io.FileIO):
    """A descriptor that may be written to when nobody reads it."""

    def write(self, data: "Buffer", /) -> int:
        try:
            return super().write(data) or 0
        except OSError as error:
            if error.errno not in GONE:
                raise
            return memoryview(data).nbytes


def forgive_closed_streams() -> None:
    """Where a descriptor is closed from the beginning, nothing else gets its number; where its reader goes away, writing goes on."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout, sys.stderr = _forgiving(1, sys.stdout), _forgiving(2, sys.stderr)


def _forgiving(number: int, stream: TextIO | None) -> TextIO:
    raw = _Forgiving(number, "wb", closefd=False)
    words = stream if isinstance(stream, io.TextIOWrapper) else None
    encoding, errors = (words.encoding, words.errors) if words else ("utf-8", "backslashreplace")
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=errors, line_buffering=number == 2 or raw.isatty())
