"""Which texts of plugins this machine has been allowed to run: a file a text, named by its sha256, in the cache."""

from pathlib import Path

from research.config.plugin_source import PluginError, PluginSource
from research.machine import cache_dir


def require_allowed(source: PluginSource, allow: bool) -> None:
    """Raises PluginError for a text that was never allowed here. `allow`: from now on it is."""
    mark = _mark(source)
    if allow:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    elif not mark.exists():
        raise PluginError(
            f"{source.path}: this plugin is a program that would run with your rights, and this text of it was never allowed here. Read "
            f"it; then add --allow-plugins, once for each text, or run `stepladder check {source.path}`."
        )


def _mark(source: PluginSource) -> Path:
    return cache_dir() / "plugins" / source.text_digest
