"""Which code, packages and machine made a run: env.json of its seed."""

from collections.abc import Mapping
from pathlib import Path

from research.config.errors import DamagedFileError
from research.config.plain import Json
from research.runs.damaged_files import damaged_file
from research.runs.store import JsonObject, read_json

PARTS = "parts"  # of env.json: one environment for each process that did a part of the run, with the step that it began at
PASSING = ("step", "command")  # of an environment: what another process may have without another result


def run_environments(folder: Path) -> tuple[JsonObject, ...]:
    """Of a seed's folder, the parts of its run in order; none where it was never begun. Raises DamagedFileError."""
    path = Path(folder) / "env.json"
    value: JsonObject = read_json(path) or {}
    parts = value.get(PARTS, [value] if value else [])
    if not isinstance(parts, list) or not all(isinstance(part, dict) and isinstance(part.get("step", 0), int) for part in parts):
        raise damaged_file(path, "does not say what made the run")
    return tuple(parts)


def readable_environments(folder: Path) -> tuple[JsonObject, ...]:
    """As `run_environments`; none where env.json is damaged, which no number comes from."""
    try:
        return run_environments(folder)
    except DamagedFileError:
        return ()


def same_environment(first: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    """Whether two environments are one but for what is passing."""
    return all(first.get(key) == other.get(key) for key in {*first, *other} if key not in PASSING)
