"""What a command imports first is hardly ever garbage."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collections() -> Iterator[None]:
    """No garbage is looked for while jax and what needs it are imported, and later none among what was: that takes a fifth of the time.

    Where jax is imported already, or garbage is not collected, nothing changes.
    """
    if "jax" in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()
