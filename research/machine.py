"""Flags that must be set before jax is imported: one CPU device for each worker, one thread for each device."""

import os
import sys

SINGLE_THREAD = "--xla_cpu_multi_thread_eigen=false"


def use_workers(workers: int | None) -> int:
    """Set the flags for so many runs at a time (all cores by default) and return the number. With one worker, a run has all threads.

    On a machine with an accelerator jax chooses it by itself and these flags do nothing. Where jax is imported already, its devices stay.
    """
    count = workers or available_cores()
    if "jax" in sys.modules:
        return count
    os.environ["JAX_NUM_CPU_DEVICES"] = str(count)
    if count > 1:
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {SINGLE_THREAD}".strip()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    return count


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
