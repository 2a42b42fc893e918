"""Where a report is written."""

from pathlib import Path
from typing import NamedTuple


class Target(NamedTuple):
    """A folder, which links are relative to, and the names of all files that the report has there."""

    folder: Path
    files: tuple[str, ...]
