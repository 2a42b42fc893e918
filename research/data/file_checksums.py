"""The checksum of a large file, computed once for as long as the file is not touched.

A checksum is believed where the path's size, inode and times of change (of content and of entry) are those of when it was computed, and the
file was then at rest for some seconds: a change within the resolution of a file system's clock would not show in its times (what git calls
racy). Whoever sets the clock back, or writes to a disk beneath its file system, can deceive it; deleting the cache's `checksums` asks anew.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from research.config.errors import StepladderError
from research.data.checked_files import read_checked, write_checked
from research.data.download import sha256, sha256_of, sha256_of_chunks
from research.data.formats.compression import content_chunks, is_packed
from research.machine import cache_dir

LARGE = 2**22  # bytes; a smaller file is read in less time than it takes to look
AT_REST = 2.0  # seconds since the last change


def remembered_checksum(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal digits. Raises OSError where it cannot be read."""
    return _remembered(path, b"", lambda: sha256_of(path))


def content_checksum(path: Path, place: str) -> str:
    """The SHA-256 of what a file holds, unpacked where its name says so. Raises StepladderError where it cannot be read, or is broken."""
    try:
        if is_packed(path):
            return _remembered(path, b"content ", lambda: sha256_of_chunks(content_chunks(path, place)))
        return remembered_checksum(path)
    except OSError as error:
        raise StepladderError(f"{place} cannot be read: {error.strerror or error}.") from error


def _remembered(path: Path, what: bytes, compute: Callable[[], str]) -> str:
    before = path.stat()
    if before.st_size < LARGE:
        return compute()
    note, identity = cache_dir() / "checksums" / f"{sha256(what + os.fsencode(path.resolve()))}.json", list(_identity(before))
    remembered = json.loads(read_checked(note) or b"{}")
    if remembered.get("identity") == identity:
        return str(remembered["sha256"])
    at_rest = time.time() - max(before.st_mtime, before.st_ctime) > AT_REST
    checksum = compute()
    if at_rest and list(_identity(path.stat())) == identity:
        with suppress(OSError):
            write_checked(note, json.dumps({"path": str(path), "identity": identity, "sha256": checksum}).encode())
    return checksum


def _identity(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_size, stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns
