"""What is packed is unpacked up to a limit: a small file that says it holds more than any data do is refused before it fills the memory."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator

from research.config.errors import StepladderError

SMALL_CONTENT = 256 * 2**20  # bytes that any file may unpack to
HIGHEST_RATIO = 200  # beyond that, as many times its own size: texts are packed to a tenth or a twentieth
CHUNK = 2**20
BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, KeyError, ValueError, RuntimeError, NotImplementedError)


def limited_chunks(chunks: Iterable[bytes], packed: int, place: str) -> Iterator[bytes]:
    """The chunks of what `packed` bytes unpack to. Raises StepladderError, which names the place, where they become too many."""
    most, total = max(SMALL_CONTENT, HIGHEST_RATIO * packed), 0
    for chunk in chunks:
        total += len(chunk)
        if total > most:
            raise StepladderError(
                f"{place} is refused: its {packed:,} bytes unpack to more than {most:,}, as no text does. If it is yours and right, unpack "
                "it first."
            )
        yield chunk


def gunzip(packed: bytes, place: str) -> bytes:
    """The content of a gzip file. Raises StepladderError where it is broken, or unpacks to too much."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            return b"".join(limited_chunks(iter(lambda: file.read(CHUNK), b""), len(packed), place))
    except BROKEN as error:
        raise StepladderError(f"{place} cannot be unpacked: {error}. Delete it, or bring a whole copy.") from error


def zip_member(packed: bytes, member: str, place: str) -> bytes:
    """One file of a zip archive. Raises StepladderError where it is not there or broken, or unpacks to too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive, archive.open(member) as file:
            return b"".join(limited_chunks(iter(lambda: file.read(CHUNK), b""), len(packed), f"{member} of {place}"))
    except BROKEN as error:
        raise StepladderError(f"{place} is no zip file with {member}: {error or type(error).__name__}.") from error
