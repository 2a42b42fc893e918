"""What a child of the benchmark does: the work of one side, ready to be timed."""

import resource
import sys
from collections.abc import Callable
from typing import NamedTuple

Reply = dict[str, int | float | None]  # a child's, and what a process says last: numbers by their names


class Work(NamedTuple):
    """`run(n)` does n units and returns when they are done, results included."""

    run: Callable[[int], None]
    flops: float | None = None  # of one unit
    activation_bytes: int | None = None  # temporaries of the compiled program beyond the gradients
    close: Callable[[], float] = lambda: 0.0  # ends processes of its own; the sum of their peaks in MB


def peak_memory_mb(who: int = resource.RUSAGE_SELF) -> float:
    """The largest resident set of this process so far."""
    return maxrss_megabytes(resource.getrusage(who).ru_maxrss)


def maxrss_megabytes(maxrss: int) -> float:
    """ru_maxrss, which is in kilobytes, and in bytes on macOS."""
    return maxrss / (2**20 if sys.platform == "darwin" else 2**10)
