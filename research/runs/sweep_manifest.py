"""Where the manifest of a sweep is: its name follows from the spec alone, so that a report needs neither data nor jax."""

import json
import shlex
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from research.config.errors import StepladderError
from research.config.loader import LoadedConfig
from research.config.plain import Json, Tree
from research.runs import store

RUNS = Path("runs")  # where runs are kept, if nobody says otherwise
LOGISTICS = "run."  # how the overrides begin that change nothing of what is claimed
SEEDS = ("seeds", "sweep.seeds")


class Launch(NamedTuple):
    """By which words a sweep was launched, and what was claimed of it then."""

    spec: str  # a TOML file, or an experiment
    overrides: tuple[str, ...] = ()
    preset: str | None = None  # None for a file of the user's own
    cards: tuple[Mapping[str, Json], ...] = ()  # of the experiment, for the preset as it is
    runs: Path = RUNS
    data_dir: Path | None = None

    @property
    def command(self) -> str:
        """What makes the table again, as a shell reads it."""
        words = ["stepladder", "reproduce" if self.preset else "sweep", self.spec, *self.overrides]
        words += ["--preset", self.preset] if self.preset else []
        words += ["--runs", str(self.runs)] if self.runs != RUNS else []
        words += ["--data-dir", str(self.data_dir)] if self.data_dir else []
        return shlex.join(words)

    def as_data(self) -> Tree:
        """What a manifest keeps of it. Claims were written for the words of the preset: other words, other claims."""
        changed = [text for text in self.overrides if not text.startswith(LOGISTICS)]
        other = [text for text in changed if text.partition("=")[0].strip() not in SEEDS]
        cards = [] if other else list(self.cards)
        note = f"Run with overrides, {shlex.join(changed)}: the claims of {self.spec} were written for other words" if changed else ""
        return {
            "preset": self.preset,
            "experiment": self.spec if self.preset else None,
            "overrides": list(self.overrides),
            "command": self.command,
            "cards": cards,
            "cards_sha256": sha256(json.dumps(cards, sort_keys=True).encode()).hexdigest(),
            "cards_note": (f"{note}{', and are not judged.' if other else ', and are judged as they are.'}") if note and self.cards else "",
        }


def sweep_name(loaded: LoadedConfig) -> str:
    """The sweep's, or the file's."""
    return loaded.sweep.name if loaded.sweep else loaded.path.stem


def sweep_hash(loaded: LoadedConfig) -> str:
    """The hash of the config's words and the sweep's. The same sweep has the same name tomorrow."""
    spec = loaded.sweep.model_dump(mode="json") if loaded.sweep else {}
    identity = json.dumps([loaded.tree, spec], sort_keys=True, default=str)
    return sha256(identity.encode()).hexdigest()[:8]


def manifest_path(loaded: LoadedConfig, runs: Path) -> Path:
    """runs/sweeps/<name>-<hash>.json."""
    return store.sweeps_folder(runs) / f"{sweep_name(loaded)}-{sweep_hash(loaded)}.json"


def read_manifest(loaded: LoadedConfig, runs: Path) -> dict[str, Any]:
    """The manifest of a sweep that was launched."""
    path = manifest_path(loaded, runs)
    manifest: dict[str, Any] | None = store.read_json(path)
    if manifest is None:
        raise StepladderError(
            f"This sweep was not launched in {runs}: there is no {path}. Run `stepladder sweep` with the same words first."
        )
    return manifest
