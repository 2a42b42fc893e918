"""Where this machine keeps things, and flags that must be set before jax is imported.

The flags: one CPU device a core, one thread a device, and how many runs share them.
XLA's library of products takes helpers from the threads of all devices all the same.
"""

import os
import sys
from pathlib import Path

from research.config.errors import StepladderError

SINGLE_THREAD = "--xla_cpu_multi_thread_eigen=false"
WORKERS = "STEPLADDER_WORKERS"


def use_workers(workers: int | None) -> int:
    """Set the flags for so many runs at a time (all cores by default) and return the number. Fewer runs than cores: a run has several.

    On a machine with an accelerator jax chooses it by itself and these flags do nothing. Where jax is imported already, its devices stay.
    """
    count = workers or available_cores()
    if "jax" in sys.modules:
        return count
    devices = count * max(1, available_cores() // count)
    os.environ[WORKERS] = str(count)
    os.environ["JAX_NUM_CPU_DEVICES"] = str(devices)
    flags = os.environ.get("XLA_FLAGS", "")
    if devices > 1 and SINGLE_THREAD not in flags.split():
        os.environ["XLA_FLAGS"] = f"{flags} {SINGLE_THREAD}".strip()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    return count


def use_all_cores() -> None:
    """The flags for one run a core, where nobody has set any: before something is imported that may import jax, as a plugin."""
    if WORKERS not in os.environ:
        use_workers(None)


def worker_count(devices: int) -> int:
    """Runs at a time on so many CPU devices: as `use_workers` was told, else one a device."""
    workers = int(os.environ.get(WORKERS, devices))
    return workers if devices % workers == 0 else devices


def set_worker_count(workers: int) -> None:
    """So many runs at a time from here on, on the devices that there are."""
    os.environ[WORKERS] = str(workers)


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cache_dir() -> Path:
    """$STEPLADDER_CACHE, or ~/.cache/stepladder. Raises StepladderError where neither is known, as of a user without a home."""
    if named := os.environ.get("STEPLADDER_CACHE"):
        return Path(named)
    try:
        return Path.home() / ".cache" / "stepladder"
    except RuntimeError:
        raise StepladderError(
            "This user has no home folder, so there is no place for what is kept between commands. Set STEPLADDER_CACHE to a folder that "
            "can be written, or HOME to one that holds it."
        ) from None
