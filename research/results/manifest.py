"""Where the manifest of a sweep is: its name follows from the spec alone, so that a report needs neither data nor jax."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from research.config.errors import StepladderError
from research.config.loader import Loaded
from research.results import store


def sweep_name(loaded: Loaded) -> str:
    """The sweep's, or the file's."""
    return loaded.sweep.name if loaded.sweep else loaded.path.stem


def sweep_hash(loaded: Loaded) -> str:
    """Of what is asked: the config's words and the sweep's. The same sweep has the same name tomorrow."""
    spec = loaded.sweep.model_dump(mode="json") if loaded.sweep else {}
    asked = json.dumps([loaded.tree, spec], sort_keys=True, default=str)
    return sha256(asked.encode()).hexdigest()[:8]


def manifest_path(loaded: Loaded, runs: Path) -> Path:
    """runs/sweeps/<name>-<hash>.json."""
    return store.sweeps_folder(runs) / f"{sweep_name(loaded)}-{sweep_hash(loaded)}.json"


def read_manifest(loaded: Loaded, runs: Path) -> dict[str, Any]:
    """The manifest of a sweep that was launched."""
    path = manifest_path(loaded, runs)
    found: dict[str, Any] | None = store.read_json(path)
    if found is None:
        raise StepladderError(
            f"This sweep was not launched in {runs}: there is no {path}. Run `stepladder sweep` with the same words first."
        )
    return found
