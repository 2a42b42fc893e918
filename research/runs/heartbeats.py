"""One thread a process beats for all that it holds, whatever its other threads are at: a call, a compilation, the scoring of a test."""

import os
import threading
from collections.abc import Callable

BEAT_EVERY = 20.0  # seconds

Beat = Callable[[], object]


class Heartbeats:
    """What beats, and the thread that calls it: it begins with the first and ends with the last."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Nothing beats: a child that was forked holds nothing of its parent's, and has not its threads."""
        self._beats: list[Beat] = []
        self._guard = threading.RLock()  # of the list; held while it beats, so that what is removed beats no more
        self._stopped: threading.Event | None = None

    def add(self, beat: Beat) -> None:
        """It is called every BEAT_EVERY seconds from now on."""
        with self._guard:
            self._beats.append(beat)
            if self._stopped is None:
                self._stopped = threading.Event()
                threading.Thread(target=self._keep_beating, args=(self._stopped,), name="heartbeats", daemon=True).start()

    def remove(self, beat: Beat) -> None:
        """It is called no more once this returns. What is not there is no error."""
        with self._guard:
            if beat in self._beats:
                self._beats.remove(beat)
            if not self._beats and self._stopped is not None:
                self._stopped.set()
                self._stopped = None

    def _keep_beating(self, stopped: threading.Event) -> None:
        while not stopped.wait(BEAT_EVERY):
            with self._guard:
                for beat in () if stopped.is_set() else tuple(self._beats):
                    beat()


HEARTBEATS = Heartbeats()


os.register_at_fork(after_in_child=HEARTBEATS.reset)
