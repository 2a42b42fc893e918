"""Children of the benchmark: what they lack, how they are started, asked and ended, and whole processes that are timed from outside."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from research.bench.benchmarks import BenchmarkSide, Case
from research.bench.process_commands import Command
from research.bench.work import Reply, maxrss_megabytes

PEAK = "peak"
CACHES = ("STEPLADDER_CACHE", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "JAX_COMPILATION_CACHE_DIR")


class SideError(Exception):
    """A side that crashed; its message is the last line that it wrote to stderr."""


class Child(NamedTuple):
    """A process that answers each line with one line of JSON."""

    process: "subprocess.Popen[str]"
    log: Path  # its stderr


class TimedProcess(NamedTuple):
    """A whole process: how long it took, its largest resident set (its children's where that is larger), and what it printed last."""

    seconds: float
    peak_memory_mb: float
    output: Reply


def missing_requirements(side: BenchmarkSide) -> str:
    """What a side needs and this machine lacks, and how to get it; nothing if it can run."""
    packages = [name for name in side.packages if find_spec(name) is None]
    programs = [name for name in side.programs if shutil.which(name) is None]
    lacking = [f"{_are_not(names)} {where}" for names, where in ((packages, "installed"), (programs, "on PATH")) if names]
    return "; ".join([*lacking, side.help]) if lacking else ""


def _are_not(names: Sequence[str]) -> str:
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} not"


def child_command(case: Case, side: str) -> tuple[str, ...]:
    """The command of a steady child, or of the one that measures the machine's peak."""
    if side == PEAK:
        return (sys.executable, "-m", "research.bench.peak")
    return (sys.executable, "-m", "research.bench.child", case.name, side)


@contextmanager
def start_child(words: Sequence[str], folder: Path) -> Iterator[Child]:
    """A child that keeps its caches and its stderr in `folder`, and is ended with the block."""
    folder.mkdir(parents=True)
    environment = os.environ | dict.fromkeys(CACHES, str(folder / "cache")) | {"TMPDIR": str(folder), "HF_HUB_OFFLINE": "1"}
    log = folder / "stderr.txt"
    with log.open("w", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment, start_new_session=True
        )
    try:
        yield Child(process, log)
    finally:
        _end(process)


def read_reply(child: Child) -> Reply:
    """The next line of a child; its first says that it is prepared. Raises SideError where the child crashed."""
    assert child.process.stdout is not None
    line = child.process.stdout.readline()
    if not line:
        raise SideError(_last_line(child.log, child.process.wait()))
    reply: Reply = json.loads(line)
    return reply


def send_request(child: Child, word: str) -> Reply:
    """The answer to "round" or "stop". Raises SideError where the child crashes."""
    assert child.process.stdin is not None
    try:
        child.process.stdin.write(f"{word}\n")
        child.process.stdin.flush()
    except BrokenPipeError:
        raise SideError(_last_line(child.log, child.process.wait())) from None
    return read_reply(child)


def time_process(command: Command, folder: Path) -> TimedProcess:
    """One process from its start to its end. Raises SideError where it does not end as it is to."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {key: value for key, value in os.environ.items() if key not in CACHES} | {"STEPLADDER_CACHE": str(command.cache)}
    out, log = folder / "stdout.txt", folder / "stderr.txt"
    with out.open("w", encoding="utf-8") as stdout, log.open("w", encoding="utf-8") as stderr:
        began = time.perf_counter()
        process = subprocess.Popen(
            command.words, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment, start_new_session=True
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            _kill(process)
            raise
        seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != command.exit_code:
        raise SideError(_last_line(log, process.returncode))
    return TimedProcess(seconds, maxrss_megabytes(usage.ru_maxrss), _last_json(out))


def _end(process: "subprocess.Popen[Any]") -> None:
    """A child whose stdin ends stops by itself; one that is busy is killed, with what it has started."""
    with suppress(BrokenPipeError):
        process.stdin.close()  # type: ignore[union-attr]
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=2)
    _kill(process)
    process.stdout.close()  # type: ignore[union-attr]


def _kill(process: "subprocess.Popen[Any]") -> None:
    """The process and the rest of its session, which is its own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_line(log: Path, exit_code: int) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else f"ended with exit code {exit_code} and said nothing"


def _last_json(out: Path) -> Reply:
    """The JSON object in the last line of stdout, if it is one."""
    lines = out.read_text(encoding="utf-8", errors="replace").splitlines()
    try:
        value = json.loads(lines[-1]) if lines else {}
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
