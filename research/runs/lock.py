"""A run is claimed by one process at a time.

The claim is the file `lock`, created with O_EXCL; it holds host, pid and a token, and its modification time is the heartbeat.
The holder beats through its open descriptor, so a holder that has lost its claim can never refresh or remove another's.
A stale lock is replaced by the one taker that creates, again with O_EXCL, a marker named after the stale lock's token.
"""

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from research.config.errors import StepladderError
from research.runs.atomic_files import writing_while

STALE_AFTER = 600.0  # seconds without a heartbeat
BEAT_EVERY = 20.0


class Holder(NamedTuple):
    """Who holds a lock, as its file says."""

    host: str
    pid: int
    since: str
    token: str
    heartbeat: float  # seconds since the epoch


class HeldError(StepladderError):
    """The run is claimed by a live process."""

    def __init__(self, path: Path, holder: Holder) -> None:
        super().__init__(f"{path.parent} is held by {holder.host}/{holder.pid} since {holder.since}; it is left alone.")
        self.holder = holder


class TakenOverError(StepladderError):
    """The run was claimed by another process, which saw no heartbeat for long: what this one did of it counts no more."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} was taken over by another process, which goes on with it; nothing more is written here.")


class Claim:
    """A held lock. `beat` refreshes it and says whether it is still ours; `release` ends it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    def beat(self) -> bool:
        """Refresh the heartbeat. False: the claim went stale and was taken over, so this process must stop writing."""
        with suppress(OSError):  # a file that another host replaced cannot be reached
            if self._descriptor is not None:
                os.utime(self._descriptor)
        return self.is_ours()

    def is_ours(self) -> bool:
        """Whether the lock's file is the one that we created, and was not released."""
        try:
            return self._descriptor is not None and os.path.samestat(os.stat(self.path), os.fstat(self._descriptor))
        except OSError:
            return False

    def check(self) -> None:
        """Raises TakenOverError where it is not ours any more."""
        if not self.is_ours():
            raise TakenOverError(self.path.parent)

    def writing(self) -> AbstractContextManager[None]:
        """A block in which this thread changes files under the claim alone: TakenOverError is raised just before one that it may not."""
        return writing_while(self.check)

    def release(self) -> None:
        """Remove the lock if it is still ours. A second call does nothing."""
        if self._descriptor is None:
            return
        if self.is_ours():
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None


def read_holder(path: Path) -> Holder | None:
    """Who holds the lock; None if nobody. A file whose writer died before its first word counts as held until its heartbeat is old."""
    try:
        with open(path, encoding="utf-8") as file:
            text, stat = file.read(), os.fstat(file.fileno())
    except FileNotFoundError:
        return None
    try:
        record = json.loads(text)
        return Holder(record["host"], record["pid"], record["since"], record["token"], stat.st_mtime)
    except (ValueError, KeyError, TypeError):
        return Holder("unknown", 0, _iso(stat.st_mtime), f"torn-{stat.st_ino}", stat.st_mtime)


def is_stale(holder: Holder, stale_after: float = STALE_AFTER) -> bool:
    """Whether its process is dead (same host), or its heartbeat older than `stale_after` seconds."""
    dead = holder.host == socket.gethostname() and holder.pid > 0 and not _is_alive(holder.pid)
    return dead or time.time() - holder.heartbeat > stale_after


def is_held(folder: Path) -> bool:
    """Whether a live process has the run in `folder`."""
    holder = read_holder(Path(folder) / "lock")
    return holder is not None and not is_stale(holder)


def claim(folder: Path, stale_after: float = STALE_AFTER) -> Claim:
    """Claim the run in `folder`, taking a stale lock over. Raises HeldError if a live process has it."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "lock"
    while True:
        descriptor = _create(path)
        if descriptor is not None:
            return Claim(path, descriptor)
        holder = read_holder(path)
        if holder is not None and not is_stale(holder, stale_after):
            raise HeldError(path, holder)
        if holder is not None:
            successor = _take_over(path, holder, stale_after)
            if successor is not None:
                return successor


@contextlib.contextmanager
def claimed(folder: Path, stale_after: float = STALE_AFTER, beat_every: float = BEAT_EVERY) -> Iterator[Claim]:
    """Claim the run for a block, with a thread that beats. Raises HeldError."""
    held, stopped = claim(folder, stale_after), threading.Event()

    def keep_beating() -> None:
        while not stopped.wait(beat_every) and held.beat():
            pass

    thread = threading.Thread(target=keep_beating, daemon=True)
    thread.start()
    try:
        yield held
    finally:
        stopped.set()
        thread.join()
        held.release()


def _take_over(path: Path, stale: Holder, stale_after: float) -> Claim | None:
    """Replace a stale lock, or None if another taker is at it. Only the marker's creator may replace the lock with that token."""
    marker = path.with_name(f"lock.{stale.token}")
    descriptor = _create(marker)
    if descriptor is None:
        _remove_stale_marker(marker, stale_after)
        time.sleep(0.01)
        return None
    current = read_holder(path)
    if current is None or current.token != stale.token:
        os.close(descriptor)
        marker.unlink(missing_ok=True)
        return None
    os.replace(marker, path)
    return Claim(path, descriptor)


def _remove_stale_marker(marker: Path, stale_after: float) -> None:
    """A taker that died between its marker and the lock would block the run: its marker grows stale as a lock does."""
    taker = read_holder(marker)
    if taker is not None and is_stale(taker, stale_after):
        marker.unlink(missing_ok=True)


def _create(path: Path) -> int | None:
    """A descriptor of the new file, or None if it exists."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644)
    except FileExistsError:
        return None
    record = {"host": socket.gethostname(), "pid": os.getpid(), "since": _iso(time.time()), "token": uuid.uuid4().hex}
    os.write(descriptor, json.dumps(record).encode())
    return descriptor


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
