"""Files that are written whole or not at all."""

import os
import socket
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import IO

from research.config.errors import StepladderError

ELSEWHERE = "Name another place, with --runs for runs or --out for reports."


def _unwatched() -> None:
    """Where no claim stands for the files."""


_check: ContextVar[Callable[[], None]] = ContextVar("check", default=_unwatched)


@contextmanager
def writing_while(check: Callable[[], None]) -> Iterator[None]:
    """Within the block this thread changes a file only after `check()`, which raises where the files are another process's by now."""
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


def check_may_write() -> None:
    """Raises what the check of `writing_while` raises; to be called just before something on the disk is changed."""
    _check.get()()


def make_folder(folder: Path) -> None:
    """The folder, with those above it. Raises StepladderError where it cannot be."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StepladderError(f"The folder {folder} cannot be made: {error.strerror or error}. {ELSEWHERE}") from None


def check_writable(folder: Path) -> None:
    """Raises StepladderError where nothing can be written in a folder; it is made where it is not there."""
    make_folder(folder)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StepladderError(f"Nothing can be written in {folder}: {error.strerror or error}. {ELSEWHERE}") from None


def fill_file(path: Path, fill: Callable[[IO[bytes]], int | None]) -> None:
    """Replace a file's content atomically by what `fill` writes."""
    with _filled(path, fill) as temporary:
        check_may_write()
        os.replace(temporary, path)
        sync_folder(Path(path).parent)


def sync_folder(folder: Path) -> None:
    """A name that was put into a folder is on the disk; where a folder cannot be synced, as on some file systems, nothing is done."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def create_file(path: Path, content: bytes) -> bool:
    """Write a file that is not there yet, whole, by link(2); False, and nothing is written, where one is there.

    On a file system without hard links the file is looked for and then put in its place.
    """
    with _filled(path, lambda file: file.write(content)) as temporary:
        check_may_write()
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:
            if os.path.exists(path):
                return False
            os.replace(temporary, path)
        sync_folder(Path(path).parent)
        return True


@contextmanager
def _filled(path: Path, fill: Callable[[IO[bytes]], int | None]) -> Iterator[Path]:
    """A temporary file beside `path` with what `fill` writes, on the disk; it is gone afterwards."""
    path = Path(path)
    make_folder(path.parent)
    temporary = temporary_beside(path)
    try:
        with _open_for_writing(temporary) as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def temporary_beside(path: Path) -> Path:
    """A name that no other thread, process or host has; whose it was can be read off it."""
    owner = f"{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}-{uuid.uuid4().hex[:8]}"
    return path.with_name(f".{path.name}.{owner}.tmp")


def _open_for_writing(path: Path) -> IO[bytes]:
    try:
        return open(path, "wb")
    except OSError as error:
        raise StepladderError(f"Nothing can be written in {path.parent}: {error.strerror or error}. {ELSEWHERE}") from None


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file's content atomically: a reader sees the old bytes or the new ones, also after a crash."""
    fill_file(path, lambda file: file.write(content))


def write_text(path: Path, text: str) -> None:
    """As `write_bytes`, in UTF-8 with the newlines that the text has. Of a file's name, bytes that are no UTF-8 are written as they are."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def read_text_file(path: Path) -> str:
    """What `write_text` has written."""
    return Path(path).read_bytes().decode("utf-8", "surrogateescape")
