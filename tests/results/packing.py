"""Packs of fake runs, and packs that were tampered with."""

import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

from research.runs import store
from research.runs.packs import PACK_FILE, PackContents, collect_pack, runs_of_sweep, write_pack

NUMBERS = PackContents()
EVERYTHING = PackContents(checkpoints=True)
Files = dict[str, bytes]


def pack_sweep(runs: Path, path: Path, contents: PackContents = NUMBERS) -> Path:
    """The pack of the first manifest of a runs folder."""
    (manifest, *_) = sorted(store.sweeps_folder(runs).glob("*.json"))
    packed = collect_pack(runs, runs_of_sweep(json.loads(manifest.read_text()), runs), [manifest], contents)
    write_pack(path, packed.files)
    return path


def contents_of(path: Path) -> Files:
    """Every file of a zip file."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def tampered(path: Path, target: Path, change: Callable[[Files], None], sign: bool = True) -> Path:
    """A copy whose files were changed; signed, pack.json says that they are right."""
    files = contents_of(path)
    change(files)
    if sign:
        facts = json.loads(files.pop(PACK_FILE))
        facts["files"] = {name: sha256(content).hexdigest() for name, content in files.items()}
        files[PACK_FILE] = json.dumps(facts).encode()
    write_pack(target, files)
    return target


def bytes_in(folder: Path) -> Mapping[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def copied(runs: Path, folder: Path) -> Path:
    """A runs folder that a test may change."""
    shutil.copytree(runs, folder)
    return folder
