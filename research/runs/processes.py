"""Which process holds a lock, in words that tell whether it lives: also in a container beside, and after its number was given anew."""

import os
import socket
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from research.config.plain import Json

ENDED_STATES = ("Z", "X")  # of /proc/PID/stat: its parent has not asked for its exit code yet


class ProcessId(NamedTuple):
    """A process. What a system does not tell is ""; `job` and `attempt` are the scheduler's."""

    host: str
    pid: int
    boot: str = ""
    namespace: str = ""  # within which its number means it
    started: str = ""  # clock ticks after boot
    job: str = ""
    attempt: str = ""


def this_process() -> ProcessId:
    """The process that asks."""
    attempt = os.environ.get("SLURM_RESTART_COUNT", "")
    return _process(os.getpid(), os.environ.get("SLURM_JOB_ID", ""), attempt if attempt.isdecimal() else "")


@lru_cache(maxsize=4)
def _process(pid: int, job: str, attempt: str) -> ProcessId:
    started = (_state_and_start(pid) or ("", ""))[1]
    return ProcessId(socket.gethostname(), pid, _read("/proc/sys/kernel/random/boot_id"), _namespace(), started, job, attempt)


def process_of(record: dict[str, Json]) -> ProcessId:
    """The process of a lock's words, of which older locks have fewer. Raises KeyError or ValueError where they are not a lock's."""
    boot, namespace, started, job, attempt = (str(record.get(name, "")) for name in ProcessId._fields[2:])
    return ProcessId(str(record["host"]), int(str(record["pid"])), boot, namespace, started, job, attempt if attempt.isdecimal() else "")


def is_gone(process: ProcessId) -> bool:
    """Whether it is certain that a process has ended. Of another host, or of another namespace of numbers, nothing is certain."""
    here = this_process()
    if process.job and process.job == here.job and int(process.attempt or 0) < int(here.attempt or 0):
        return True  # a scheduler begins a job again when its last attempt is over
    if process.host != here.host or process.pid <= 0:
        return False
    if process.boot and here.boot and process.boot != here.boot:
        return True
    if process.namespace and process.namespace != here.namespace:
        return False
    return not _runs(process)


def _runs(process: ProcessId) -> bool:
    """Whether its number belongs to a process, and to the one that was started when it was."""
    state_and_start = _state_and_start(process.pid)
    if state_and_start is None:
        return _has_number(process.pid)
    return state_and_start[0] not in ENDED_STATES and process.started in ("", state_and_start[1])


def _has_number(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _state_and_start(pid: int) -> tuple[str, str] | None:
    """The third and the 22nd word of /proc/PID/stat; the second is a name in brackets, of any letters. None where it cannot be read."""
    words = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (words[0], words[19]) if len(words) > 19 else None


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
