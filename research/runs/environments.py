"""Which code, packages and machine made a run: env.json of its seed."""

from collections.abc import Mapping
from pathlib import Path

from research.config.plain import Json
from research.runs.store import JsonObject, read_json

PARTS = "parts"  # of env.json: one environment for each process that did a part of the run, with the step that it began at
PASSING = ("step", "command")  # of an environment: what another process may have without another result


def run_environments(folder: Path) -> tuple[JsonObject, ...]:
    """Of a seed's folder, the parts of its run in order; none where it was never begun."""
    value: JsonObject = read_json(Path(folder) / "env.json") or {}
    return tuple(value[PARTS]) if PARTS in value else (value,) if value else ()


def same_environment(first: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    """Whether two environments are one but for what is passing."""
    return all(first.get(key) == other.get(key) for key in {*first, *other} if key not in PASSING)
