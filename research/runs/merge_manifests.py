"""Manifests of merged sources: launches of one sweep that differ in their seeds become one manifest, whose table shows all.

A manifest is put under its own name. Launches whose words are the same but for seeds (the same rows, cells, claims) are united in one more,
under the same name and a hash of what they share; it is written anew when another is merged.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from research.config.plain import Json, Tree, table
from research.runs.atomic_files import write_bytes, write_text
from research.runs.json_files import read_json, to_json
from research.runs.pack_sources import RecordSource, read_object
from research.runs.packs import seeds_of_entry
from research.runs.run_files import seeds_of, sweeps_folder

PASSING = (
    "created",
    "predicted_seconds",
    "command",
    "overrides",
    "spec_file",
    "cards_note",
)  # what two launches of one sweep may differ in
ENTRIES = ("cells", "parts")  # of a manifest: its places, and the cells behind them
SEEDED = (*ENTRIES, "choices")  # what names seeds
UNITED = "united"  # of a manifest that several launches were united in: their hashes


class MergedManifests(NamedTuple):
    """The manifests of a source where they are now, and a line for each that says something else than the one that is there."""

    paths: tuple[Path, ...]
    conflicts: tuple[str, ...]


def merge_manifests(source: RecordSource, runs_dir: Path, conflicts_folder: Path) -> MergedManifests:
    """Put the manifests of a source beside those that are there."""
    paths, conflicts = list[Path](), list[str]()
    for file in source.sweeps:
        new, path = read_object(source, file), sweeps_folder(runs_dir) / Path(file).name
        old = _manifest_at(path)
        if old is not None and _shared(old) != _shared(new):
            place = conflicts_folder / file
            write_text(place, to_json(new, indent=2) + "\n")
            conflicts.append(f"{file} of {source.name} was launched otherwise than the one that is here; it is kept in {place}.")
            continue
        if old is None:
            write_text(path, to_json(new, indent=2) + "\n")
        elif UNITED in old:
            write_text(path, to_json(_unite([old, new], runs_dir), indent=2) + "\n")
        _add_analyses(source, file, path)
        paths.append(path)
    return MergedManifests(tuple(dict.fromkeys(paths)), tuple(conflicts))


def _add_analyses(source: RecordSource, file: str, manifest: Path) -> None:
    """What was measured of the sweep as a whole, where it is not there."""
    folder = file.removesuffix(".json")
    for analysis in source.files_of(folder):
        path = manifest.with_suffix("") / analysis.removeprefix(f"{folder}/")
        if not path.exists():
            write_bytes(path, source.read(analysis))


def unite_launches(paths: Iterable[Path], runs_dir: Path) -> dict[Path, Path]:
    """Of each manifest the one whose table shows its sweep: the one of all launches of it, which is written anew, or itself."""
    manifests = {path: _manifest_at(path) or {} for path in paths}
    tables: dict[str, Path | None] = {}
    for manifest in manifests.values():
        if (shared := _shared(manifest)) not in tables:
            tables[shared] = _write_united(manifest, shared, runs_dir)
    return {path: tables[_shared(manifest)] or path for path, manifest in manifests.items()}


def _write_united(manifest: Tree, shared: str, runs_dir: Path) -> Path | None:
    """The manifest of all launches that share a sweep; None where there is one launch."""
    launches = [
        (path, other)
        for path in sorted(sweeps_folder(runs_dir).glob(f"{manifest.get('name')}-*.json"))
        if (other := _manifest_at(path)) is not None and UNITED not in other and _shared(other) == shared
    ]
    if len(launches) < 2:
        return None
    digest = sha256(shared.encode()).hexdigest()[:8]
    path = sweeps_folder(runs_dir) / f"{manifest.get('name')}-{digest}.json"
    earlier = _manifest_at(path)
    united = _unite([*(other for _, other in launches), *([earlier] if earlier else [])], runs_dir) | {
        "hash": digest,
        "command": f"stepladder merge, of {len(launches)} launches",
        "overrides": [],
        "cards_note": "",
        UNITED: [str(other.get("hash")) for _, other in launches],
    }
    write_text(path, to_json(united, indent=2) + "\n")
    return path


def _manifest_at(path: Path) -> Tree | None:
    """A manifest; None where there is none, or the file is another."""
    value = read_json(path)
    return value if isinstance(value, dict) and isinstance(value.get("cells"), list) else None


def _shared(manifest: Mapping[str, Json]) -> str:
    """What launches of one sweep have in common, as text: all but seeds and what is passing."""
    common = {key: value for key, value in manifest.items() if key not in (*PASSING, *SEEDED, "hash", "spec", UNITED, "format")}
    cells = [[_without_seeds(cell) for cell in _entries(manifest, key)] for key in ENTRIES]
    choices = [{**choice, "trials": list(table(choice.get("trials")))} for choice in _entries(manifest, "choices")]
    spec = {key: value for key, value in table(manifest.get("spec")).items() if key != "seeds"}
    return json.dumps([common, spec, cells, choices], sort_keys=True, default=str)


def _without_seeds(entry: Mapping[str, Json]) -> Tree:
    config = {key: value for key, value in table(entry.get("config")).items() if key != "seeds"}
    return {key: value for key, value in entry.items() if key not in ("seeds", *PASSING)} | {"config": config}


def _unite(manifests: Sequence[Tree], runs_dir: Path) -> Tree:
    """The first, with the seeds of all; of a cell without chance one of those that were run."""
    first = manifests[0]
    entries: dict[str, list[Tree]] = {
        key: [_with_seeds(same, runs_dir) for same in zip(*(_entries(manifest, key) for manifest in manifests), strict=True)]
        for key in ENTRIES
        if key in first
    }
    seeds = {str(entry.get("cell_id")): entry.get("seeds") for key in entries for entry in entries[key]}
    choices = [
        {**choice, "trials": {cell_id: seeds.get(cell_id, was) for cell_id, was in table(choice.get("trials")).items()}}
        for choice in _entries(first, "choices")
    ]
    created = min(str(manifest.get("created", "")) for manifest in manifests)
    return first | entries | ({"choices": choices} if "choices" in first else {}) | {"created": created}


def _with_seeds(entries: Sequence[Mapping[str, Json]], runs_dir: Path) -> Tree:
    seeds = sorted({seed for entry in entries for seed in seeds_of_entry(entry)})
    first = dict(entries[0])
    if first.get("deterministic"):
        there = set(seeds_of(runs_dir / str(first.get("cell_id"))))
        seeds = [seed for seed in seeds if seed in there][:1] or seeds[:1]
    config = table(first.get("config"))
    return first | {"seeds": seeds} | ({"config": {**config, "seeds": seeds}} if "seeds" in config else {})


def _entries(manifest: Mapping[str, Json], key: str) -> Sequence[Mapping[str, Json]]:
    """The tables of an array of a manifest."""
    entries = manifest.get(key)
    return [table(entry) for entry in entries] if isinstance(entries, list | tuple) else []
