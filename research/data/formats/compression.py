"""What is between a file's bytes and its content: nothing, gzip or zstd, told by the last ending of its name."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from research.config.errors import StepladderError
from research.data.formats.extra import import_extra
from research.data.unpacking import limited_chunks

CHUNK = 1 << 20  # bytes


class BrokenContent(Exception):
    """A compressed file ends before its content does, or holds something else."""


class Compression(NamedTuple):
    """One way to pack bytes."""

    name: str
    unpack: Callable[[BinaryIO, str], Iterator[bytes]]  # (the file, its place in errors) -> the content in chunks, or BrokenContent


def _gzip_chunks(file: BinaryIO, place: str) -> Iterator[bytes]:
    try:
        with gzip.GzipFile(fileobj=file) as unpacked:
            while chunk := unpacked.read(CHUNK):
                yield chunk
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BrokenContent(str(error)) from error


def _zstd_chunks(file: BinaryIO, place: str) -> Iterator[bytes]:
    """Every frame of the file: those that were put together are one content."""
    zstandard = import_extra("zstandard", "a zstd file", place)
    frame, inside = zstandard.ZstdDecompressor().decompressobj(), True
    try:
        while packed := file.read(CHUNK):
            while packed:
                yield frame.decompress(packed)
                inside, packed = not frame.eof, frame.unused_data if frame.eof else b""
                frame = zstandard.ZstdDecompressor().decompressobj() if frame.eof else frame
    except zstandard.ZstdError as error:
        raise BrokenContent(str(error)) from error
    if inside:
        raise BrokenContent("it ends within a frame")


COMPRESSIONS: dict[str, Compression] = {
    ".gz": Compression("gzip", _gzip_chunks),
    ".zst": Compression("zstd", _zstd_chunks),
}


def is_packed(path: Path) -> bool:
    """Whether a file's name says that its bytes are a compression of its content."""
    return path.suffix.lower() in COMPRESSIONS


def plain_name(path: Path) -> str:
    """A file's name in small letters, without the ending of a compression: `a.CSV.gz` -> a.csv."""
    name = path.name.lower()
    return next((name.removesuffix(ending) for ending in COMPRESSIONS if name.endswith(ending)), name)


def content_chunks(path: Path, place: str) -> Iterator[bytes]:
    """The content of a file, unpacked where its name says so. Raises StepladderError for one that is broken or cannot be read."""
    compression = COMPRESSIONS.get(path.suffix.lower())
    try:
        with path.open("rb") as file:
            if compression:
                yield from limited_chunks(compression.unpack(file, place), path.stat().st_size, place)
            else:
                yield from iter(lambda: file.read(CHUNK), b"")
    except BrokenContent as error:
        raise StepladderError(
            f"{place} is no whole {compression.name if compression else ''} file: {error}. Bring a whole copy, or rename it if it is not "
            "packed."
        ) from error
    except OSError as error:
        raise StepladderError(f"{place} cannot be read: {error.strerror or error}.") from error


def read_content(path: Path, place: str) -> bytes:
    """The whole content of a file, unpacked where its name says so."""
    return b"".join(content_chunks(path, place))
