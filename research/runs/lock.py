"""A run is claimed by one process at a time.

The claim is the file `lock`, created whole by link(2); it says which process holds it, with a token, and its modification time is the
heartbeat. The holder beats through its open descriptor, so a holder that has lost its claim can never refresh or remove another's.
A stale lock is replaced by the one taker that creates, again by link(2), a marker named after the stale lock's token.
Whose process is gone is taken over at once; who lives, or may live elsewhere, only after ten minutes of silence.
"""

import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from research.config.errors import StepladderError
from research.runs.atomic_files import temporary_beside, writing_while
from research.runs.heartbeats import HEARTBEATS
from research.runs.processes import ProcessId, is_gone, process_of, this_process

STALE_AFTER = 600.0  # seconds without a heartbeat
TORN_AFTER = 3.0  # seconds in which who creates a lock without link(2) writes what it says


class Holder(NamedTuple):
    """Who holds a lock, as its file says; `process` is None where it says nothing."""

    process: ProcessId | None
    since: str
    token: str
    heartbeat: float  # seconds since the epoch

    def __str__(self) -> str:
        return f"{self.process.host}/{self.process.pid}" if self.process else "somebody"


class HeldError(StepladderError):
    """The run is claimed by a live process."""

    def __init__(self, path: Path, holder: Holder) -> None:
        super().__init__(f"{path.parent} is held by {holder} since {holder.since}; it is left alone.")
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
        _HELD.add(self)
        HEARTBEATS.add(self.beat)

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
        HEARTBEATS.remove(self.beat)
        _HELD.discard(self)
        if self.is_ours():
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None


_HELD: set[Claim] = set()  # by this process
os.register_at_fork(after_in_child=_HELD.clear)


def release_all() -> None:
    """Whatever this process holds, before it ends without a word to whoever took the claims."""
    for held in tuple(_HELD):
        held.release()


def read_holder(path: Path) -> Holder | None:
    """Who holds the lock; None if nobody."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text, stat = file.read(), os.fstat(file.fileno())
    except FileNotFoundError:
        return None
    try:
        record = json.loads(text)
        return Holder(process_of(record), str(record["since"]), str(record["token"]), stat.st_mtime)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Holder(None, _iso(stat.st_mtime), f"torn-{stat.st_ino}", stat.st_mtime)


def is_stale(holder: Holder, stale_after: float = STALE_AFTER) -> bool:
    """Whether its process is gone, or its heartbeat older than `stale_after` seconds; a lock that says nothing is, after a moment."""
    if holder.process is not None and is_gone(holder.process):
        return True
    return time.time() - holder.heartbeat > (stale_after if holder.process else TORN_AFTER)


def is_held(folder: Path) -> bool:
    """Whether a live process has the run in `folder`."""
    holder = read_holder(Path(folder) / "lock")
    return holder is not None and not is_stale(holder)


def claim(folder: Path, stale_after: float = STALE_AFTER) -> Claim:
    """Claim the run in `folder`, taking a stale lock over. Raises HeldError if a live process has it."""
    path, patience = Path(folder) / "lock", time.monotonic() + TORN_AFTER
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = _create(path)
        if descriptor is not None:
            return Claim(path, descriptor)
        holder = read_holder(path)
        if holder is None:
            continue
        if is_stale(holder, stale_after) or (holder.process is None and time.monotonic() > patience):
            successor = _take_over(path, holder, stale_after)
            if successor is not None:
                return successor
        elif holder.process is not None:
            raise HeldError(path, holder)
        else:
            time.sleep(0.05)


@contextmanager
def claimed(folder: Path, stale_after: float = STALE_AFTER) -> Iterator[Claim]:
    """Claim the run for a block. Raises HeldError."""
    held = claim(folder, stale_after)
    try:
        yield held
    finally:
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
    """A descriptor of the new file, which is whole when it appears, or None if there is one."""
    if os.path.lexists(path):
        return None
    words = this_process()._asdict() | {"since": _iso(time.time()), "token": uuid.uuid4().hex}
    temporary = temporary_beside(path)
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644)
    try:
        os.write(descriptor, json.dumps(words).encode())
        os.link(temporary, path)
        return descriptor
    except FileExistsError:
        os.close(descriptor)
        return None
    except OSError:  # a file system without hard links, or nothing can be written
        os.close(descriptor)
        return _create_in_place(path, words)
    finally:
        temporary.unlink(missing_ok=True)


def _create_in_place(path: Path, words: dict[str, str]) -> int | None:
    """As `_create`, where a file is there before it says anything."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644)
    except FileExistsError:
        return None
    os.write(descriptor, json.dumps(words).encode())
    return descriptor


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
