"""Where the manifest of a sweep is: its name follows from the spec alone, so that a report needs neither data nor jax."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from research.config.errors import StepladderError, clipped, did_you_mean
from research.config.loader import LoadedConfig
from research.config.plain import Json, Tree
from research.config.sweep_identity import sweep_identity
from research.runs import store
from research.runs.readable_manifests import read_checked_manifest, readable_manifests

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
    cores: int | None = None  # of a run, where --workers says it
    verb: str = "sweep"  # of a file of the user's own: sweep | train

    @property
    def command(self) -> str:
        """What makes the table again, as a shell reads it."""
        words = ["stepladder", "reproduce" if self.preset else self.verb, self.spec, *self.overrides]
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
            "verb": self.verb,
            "cards": cards,
            "cards_sha256": sha256(json.dumps(cards, sort_keys=True).encode()).hexdigest(),
            "cards_note": (f"{note}{', and are not judged.' if other else ', and are judged as they are.'}") if note and self.cards else "",
        }


def sweep_name(loaded: LoadedConfig) -> str:
    """The sweep's, or the file's."""
    return loaded.sweep.name if loaded.sweep else loaded.path.stem


def sweep_hash(loaded: LoadedConfig) -> str:
    """The hash of the config's words and the sweep's, without the layout of its table. The same sweep has the same name tomorrow."""
    return _hash_of(loaded.tree, sweep_identity(loaded.sweep) if loaded.sweep else {})


def earlier_hash(loaded: LoadedConfig) -> str:
    """As manifests were called when the layout was a part of their names."""
    return _hash_of(loaded.tree, loaded.sweep.model_dump(mode="json") if loaded.sweep else {})


def _hash_of(tree: Tree, sweep: Tree) -> str:
    return sha256(json.dumps([tree, sweep], sort_keys=True, default=str).encode()).hexdigest()[:8]


def manifest_path(loaded: LoadedConfig, runs: Path) -> Path:
    """runs/sweeps/<name>-<hash>.json."""
    return store.sweeps_folder(runs) / f"{sweep_name(loaded)}-{sweep_hash(loaded)}.json"


def launched_path(loaded: LoadedConfig, runs: Path) -> Path:
    """Where the manifest is: under its name, or else under the name that it had when the layout was a part of it."""
    path = manifest_path(loaded, runs)
    earlier = path.with_name(f"{sweep_name(loaded)}-{earlier_hash(loaded)}.json")
    return earlier if earlier.exists() and not path.exists() else path


def read_manifest(loaded: LoadedConfig, runs: Path) -> dict[str, Any]:
    """The manifest of a sweep that was launched."""
    path = launched_path(loaded, runs)
    manifest = read_checked_manifest(path)
    if manifest is None:
        raise StepladderError(
            f"This sweep was not launched in {runs}: there is no {path}. Run `stepladder sweep` with the same words first."
        )
    return manifest


def read_manifest_file(path: Path, runs: Path | None = None) -> tuple[dict[str, Any], Path]:
    """A manifest by its path, and its runs folder: `runs`, or the folder in whose `sweeps` it lies.

    Raises StepladderError for a file that is not there or is no manifest, and where no runs folder is named and it lies in none.
    """
    manifest = store.read_json(path) if path.is_file() else None
    if manifest is None:
        there = sorted(other.name for other in store.sweeps_folder(runs or RUNS).glob("*.json"))
        hint = did_you_mean(path.name, there) or "."
        raise StepladderError(f"There is no manifest {path}{hint} `sweep` and `train` write theirs as RUNS/sweeps/NAME-HASH.json.")
    if not isinstance(manifest, dict) or not isinstance(manifest.get("cells"), list) or not {"name", "hash", "spec"} <= manifest.keys():
        raise StepladderError(
            f"{path} is no manifest of a sweep: it has no name, hash, spec and list of cells. They lie in RUNS/sweeps, as NAME-HASH.json."
        )
    if manifest.get("format", 1) > store.FORMAT:
        raise StepladderError(
            f"{path} has format {manifest['format']}, and this code reads formats up to {store.FORMAT}: a later one wrote it. Use that one."
        )
    if runs is None and path.resolve().parent.name != "sweeps":
        raise StepladderError(f"{path} lies in no folder RUNS/sweeps, so where its runs are is not known. Name it with --runs.")
    return manifest, runs if runs is not None else path.parent.parent


@contextmanager
def reading_entries(where: str) -> Iterator[None]:
    """Raises StepladderError where what a manifest holds is not what this code writes: it was edited or damaged."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(f"{type(error).__name__}, {error}".split())
        raise StepladderError(
            f"{where} is damaged, or was edited: {clipped(reason)}. Launch the sweep again with the same words, which writes it anew."
        ) from error


def manifest_of_spec(digest: str, runs: Path) -> dict[str, Any] | None:
    """The last that was launched by a file of these words (`loader.spec_digest`), which names plugins; None where none was."""
    launched = [manifest for manifest in readable_manifests(runs).values() if manifest.get("spec_digest") == digest]
    return max(launched, key=lambda manifest: str(manifest["created"]), default=None)


def manifests_of_spec(spec: str, overrides: Sequence[str], preset: str | None, runs: Path) -> list[dict[str, Any]]:
    """The manifests that were launched by these words, the latest first: of a SPEC that can no longer be read."""
    matching = [manifest for manifest in readable_manifests(runs).values() if _is_launched_by(manifest, spec, overrides, preset)]
    return sorted(matching, key=lambda manifest: str(manifest.get("created")), reverse=True)


def _is_launched_by(manifest: Mapping[str, Any], spec: str, overrides: Sequence[str], preset: str | None) -> bool:
    file = str(manifest.get("spec_file") or "")
    names_spec = spec == manifest.get("experiment") if preset else bool(file) and Path(file).absolute() == Path(spec).absolute()
    return names_spec and list(overrides) == list(manifest.get("overrides") or []) and preset == manifest.get("preset")
