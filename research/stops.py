"""How a person ends a command: Ctrl-C, SIGTERM, or SIGHUP, which a closed terminal sends.

A command that owns its process ends at once and with 130 while no run is under way: an exception raised by a handler can be swallowed by
whatever callback it happens in, and leaves import locks behind. While runs are under way `execute.foreground` stops them cleanly.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import current_thread, main_thread
from types import FrameType
from typing import NoReturn

STOPPED = 130  # exit code
HANGUP = getattr(signal, "SIGHUP", None)  # not of every system; the system and the shell may each send one when a terminal is closed
SHOW_CURSOR = "\x1b[?25h"

Handler = Callable[[int, FrameType | None], None]


class _Owner:
    """Whether this process is a command's alone, and not a notebook's or a test's."""

    is_command = False


def own_process() -> None:
    """The first thing that a command does: from here on a signal ends it."""
    _Owner.is_command = True
    for number in stop_signals():
        signal.signal(number, _end)


def owns_process() -> bool:
    """Whether the process may be ended without asking whoever called."""
    return _Owner.is_command


def interrupt_at_once() -> None:
    """For a command that keeps no runs: Ctrl-C is KeyboardInterrupt again, and the other signals end it as they end any process."""
    if owns_process():
        for number in stop_signals():
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@contextmanager
def handled_by(handler: Handler) -> Iterator[None]:
    """A block in which the signals are a handler's. They come to the main thread alone: in another nothing changes."""
    numbers = stop_signals() if current_thread() is main_thread() else ()
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def stop_signals() -> tuple[signal.Signals, ...]:
    """Those that ask for an end; SIGHUP not where it was to be ignored, as under nohup."""
    hangup = [HANGUP] if HANGUP is not None and signal.getsignal(HANGUP) is not signal.SIG_IGN else []
    return (signal.SIGINT, signal.SIGTERM, *hangup)


def end_process(message: str) -> NoReturn:
    """End at once, whatever other threads are at."""
    print_safely((SHOW_CURSOR if sys.stderr is not None and sys.stderr.isatty() else "") + message)
    os._exit(STOPPED)


def print_safely(message: str) -> None:
    """A line on stderr, from within a handler: also where nobody reads it, or where it comes in the middle of another."""
    with suppress(OSError, RuntimeError, ValueError):
        print(message, file=sys.stderr, flush=True)


def _end(number: int, frame: FrameType | None) -> None:
    end_process("stopped")
