"""Kinds that a test registers, by the call that a plugin makes, are taken back when it ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from research.config.plugins import LOADED, unload_plugin
from research.config.registrations import REGISTRATIONS, take_back


@contextmanager
def taken_back() -> Iterator[None]:
    """The registries, and which plugins are loaded, are afterwards as they were before."""
    loaded, count = set(LOADED), len(REGISTRATIONS)
    try:
        yield
    finally:
        for file in set(LOADED) - loaded:
            unload_plugin(file)
        take_back(count)
