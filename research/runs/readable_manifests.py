"""The manifests of a runs folder that can be read; one that is damaged is named once and passed over, and its launch writes it anew."""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from research.config.errors import DamagedFileError
from research.config.plain import Json
from research.runs.damaged_files import damaged_file
from research.runs.json_files import read_json
from research.runs.records import RungWords
from research.runs.run_files import sweeps_folder

KINDS = {"labels": dict, "config": dict, "tuned": dict, "params": dict, "rung": dict}  # of what an entry may have


def read_checked_manifest(path: Path) -> dict[str, Any] | None:
    """A manifest; None where there is no file. Raises DamagedFileError where its name, hash, spec or cells are not as they are written."""
    manifest: dict[str, Any] | None = read_json(path)
    if manifest is None:
        return None
    whole = all(isinstance(manifest.get(name), str) for name in ("name", "hash")) and isinstance(manifest.get("spec"), dict)
    cells = manifest.get("cells")
    if not whole or not isinstance(cells, list) or not all(map(_is_entry, cells)):
        raise damaged_file(path, "is not the manifest that was written")
    return manifest


def _is_entry(entry: Json) -> bool:
    if not isinstance(entry, dict) or not {"cell_id", "labels", "seeds"} <= entry.keys():
        return False
    typed = all(isinstance(entry.get(name) or kind(), kind) for name, kind in KINDS.items())
    seeds = isinstance(entry["seeds"], list) and all(isinstance(seed, int) for seed in entry["seeds"])
    rung = not isinstance(entry.get("rung"), dict) or entry["rung"].keys() == RungWords.__annotations__.keys()
    return typed and seeds and rung and isinstance(entry["cell_id"] or "", str)


def readable_manifests(runs_dir: Path) -> dict[Path, dict[str, Any]]:
    """Each manifest by its file, the last written last."""
    return dict(_read_manifests(runs_dir))


def _read_manifests(runs_dir: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(sweeps_folder(runs_dir).glob("*.json"), key=lambda path: (path.lstat().st_mtime, path.name)):
        if (manifest := readable_manifest(path)) is not None:
            yield path, manifest


def readable_manifest(path: Path) -> dict[str, Any] | None:
    """A manifest; None where there is no file, or it is damaged, which is told."""
    try:
        return read_checked_manifest(path)
    except DamagedFileError as error:
        _tell(str(error))
        return None


@cache
def _tell(message: str) -> None:
    print(f"note: {message}", file=sys.stderr)
