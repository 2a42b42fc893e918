"""Files of the cache that say whether they are whole: the checksum of the content stands before it, or in a header beside it.

Every file is written under another name and renamed, so that a process reads all of it or nothing, and two that write at once both end
with a whole one. Functions raise OSError where the folder refuses, so that a caller can do without.
"""

import hashlib
import os
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

from research.data.download import sha256, sha256_of
from research.machine import cache_dir

ABANDONED = 86_400  # seconds after which a temporary file belongs to a process that was killed


class FileRecord(NamedTuple):
    """A file as its header knows it. `stamp` (see `stamp_of`) spares the checksum where the file is the one that was written."""

    size: int
    sha256: str
    stamp: tuple[int, int]


def stamp_of(path: Path) -> tuple[int, int]:
    """Inode and time of the last change of the content, in nanoseconds."""
    stat = path.stat()
    return stat.st_ino, stat.st_mtime_ns


def read_checked(path: Path) -> bytes | None:
    """What `write_checked` wrote; None where there is no such file, or not the whole of it."""
    try:
        checksum, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return content if checksum == sha256(content).encode() else None


def write_checked(path: Path, content: bytes) -> None:
    """A small file: its checksum on the first line, then the content."""
    with replacing(path) as file:
        file.write(sha256(content).encode() + b"\n" + content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file that becomes `path` when the block ends well, and is gone when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with beside.open("wb") as file:
            yield file
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def tell_uncached(error: OSError) -> None:
    """One note a process that the cache refuses to be written."""
    _tell(cache_dir(), error.strerror or str(error))


@cache
def _tell(folder: Path, reason: str) -> None:
    print(f"note: {folder} cannot be written ({reason}), so what is kept there is made again by every command.", file=sys.stderr)


def _remove_abandoned(path: Path) -> None:
    for beside in path.parent.glob(f".{path.name}.*"):
        with suppress(OSError):
            if time.time() - beside.stat().st_mtime > ABANDONED:
                beside.unlink()


class CountedFile:
    """A file that is written piece by piece, its size and checksum counted as it grows."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.size, self.hash = file, 0, hashlib.sha256()

    def write(self, piece: bytes | memoryview) -> None:
        """Append a piece."""
        self.file.write(piece)
        self.hash.update(piece)
        self.size += len(piece)


def record_of(path: Path, written: CountedFile) -> FileRecord:
    """The record of a file that was just written."""
    return FileRecord(written.size, written.hash.hexdigest(), stamp_of(path))


def verified(path: Path, record: FileRecord) -> FileRecord | None:
    """The record of a file that is still whole, its stamp that of today; None where the file is gone, cut or altered."""
    try:
        if path.stat().st_size != record.size:
            return None
        stamp = stamp_of(path)
        whole = stamp == record.stamp or sha256_of(path) == record.sha256
    except OSError:
        return None
    return record._replace(stamp=stamp) if whole else None
