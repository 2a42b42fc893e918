"""What is merged: a pack, or a runs folder, opened and verified before anything of it is written."""

import json
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from research.config.errors import StepladderError
from research.config.plain import Tree, table
from research.runs.checksums import CHECKSUMS, changed_files, sha256_hex
from research.runs.pack_cells import check_cells
from research.runs.packs import KIND, NOT_PACKED, PACK_FILE, PACK_FORMAT
from research.runs.references import cell_ids
from research.runs.run_files import TRAINED_STATUSES, seed_folder, seeds_of, status_of, sweeps_folder
from research.runs.run_state import RunId

CELL = r"[0-9a-f]{12}"
PART = r"[A-Za-z0-9_][A-Za-z0-9_.+=-]*"
STEM = r"[^/\\:\x00-\x1f]+"  # of a manifest: a sweep's name is a person's own
SWEEP_PLACE = rf"sweeps/{STEM}\.json|sweeps/{STEM}/analysis/{PART}"
PLACES = re.compile(rf"pack\.json|{SWEEP_PLACE}|{CELL}/{PART}|{CELL}/seed-\d{{1,11}}/{PART}(?:/{PART})*")
RUN_PLACE = re.compile(rf"({CELL})/seed-(\d+)/")
MOST_FILES = 200_000
MOST_BYTES = 8 * 2**30  # of all files of a pack, unpacked
LARGE = 64 * 2**20  # bytes, from which on a pack that unpacks to too much is told by its ratio
KEPT = 2**20  # bytes of a file that is read once
MOST_TIMES = 100  # as many times its own size is a pack's content at most, where it is large
NOT_CARRIED = re.compile(r"(?:^|/)(?:lock[^/]*|\.[^/]*\.tmp)$")  # of a runs folder: who is at a run, and files under way


@dataclass(frozen=True)
class RecordSource:
    """Files in the places of a runs folder. `read` gives the bytes of one."""

    name: str  # as a person gave it
    files: tuple[str, ...]
    read: Callable[[str], bytes]
    facts: Tree  # pack.json; empty of a runs folder

    @property
    def runs(self) -> tuple[RunId, ...]:
        """The runs that it holds."""
        runs = {RunId(match[1], int(match[2])) for path in self.files if (match := RUN_PLACE.match(path))}
        return tuple(sorted(runs))

    @property
    def sweeps(self) -> tuple[str, ...]:
        """Its manifests."""
        return tuple(path for path in self.files if path.startswith("sweeps/") and path.count("/") == 1)

    def files_of(self, place: str) -> tuple[str, ...]:
        """The files of a folder and below it."""
        return tuple(path for path in self.files if path.startswith(f"{place}/"))


def open_source(path: Path) -> RecordSource:
    """A pack, or a runs folder, whose every file was compared with its checksum. Raises StepladderError, which names source and file."""
    path = Path(path)
    if path.is_dir():
        source = _folder_source(path)
        _check_records(source)
    elif path.is_file():
        source = _pack_source(path)
    else:
        raise StepladderError(f"{path} is neither a pack nor a folder. `stepladder pack SWEEP|RUN ... --out FILE` makes a pack.")
    check_cells({file: source.read(file) for file in source.files if file.count("/") == 1 and not file.startswith("sweeps/")}, str(path))
    return source


def open_pack(path: Path) -> RecordSource:
    """As `open_source`, of a pack alone."""
    if not Path(path).is_file():
        reason = "it is a folder" if Path(path).is_dir() else "there is no such file"
        raise StepladderError(f"{path} is no pack: {reason}. Name a file that `stepladder pack` wrote.")
    return open_source(path)


def _folder_source(path: Path) -> RecordSource:
    """Of a runs folder the runs that nobody is at."""
    runs = [RunId(cell_id, seed) for cell_id in cell_ids(path) for seed in seeds_of(path / cell_id)]
    ended = [run for run in runs if status_of(seed_folder(path, *run)) not in NOT_PACKED]
    if not ended:
        raise StepladderError(f"{path} holds no run that came to an end, and is no pack. Name packs, or folders such as --runs names.")
    folders = [seed_folder(path, *run) for run in ended]
    own = [file for cell_id in dict.fromkeys(run.cell_id for run in ended) for file in (path / cell_id).iterdir()]
    inside = [file for folder in folders for file in folder.rglob("*")]
    manifests = sweeps_folder(path).glob("*.json")
    names = [file.relative_to(path).as_posix() for file in (*own, *inside, *manifests) if file.is_file() and not file.is_symlink()]
    carried = sorted(name for name in names if PLACES.fullmatch(name) and not NOT_CARRIED.search(name))
    return RecordSource(str(path), tuple(carried), lambda name: (path / name).read_bytes(), {})


def _pack_source(path: Path) -> RecordSource:
    try:
        archive = zipfile.ZipFile(path)
        entries = [entry for entry in archive.infolist() if not entry.is_dir() or entry.file_size]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise StepladderError(f"{path} is no pack: it is no zip file, or was cut off ({error}). Ask for it anew.") from None
    try:
        _check_entries(path, entries, path.stat().st_size)
        facts = _facts(path, partial(_read_entry, path, archive), [entry.filename for entry in entries])
        digests = {name: str(digest) for name, digest in table(facts.get("files")).items()}
        _check_names(path, {entry.filename for entry in entries} - {PACK_FILE}, set(digests))
        contents = {name: _read_entry(path, archive, name) for name in digests if archive.getinfo(name).file_size <= KEPT}
        _check_digests(path, digests, lambda name: contents[name] if name in contents else _read_entry(path, archive, name))
    finally:
        archive.close()
    source = RecordSource(str(path), tuple(sorted(digests)), partial(_read_again, path, contents), facts)
    _check_records(source)
    return source


def _check_digests(path: Path, digests: Mapping[str, str], read: Callable[[str], bytes]) -> None:
    for name, digest in digests.items():
        if sha256_hex(read(name)) != digest:
            raise _damage(path, name, "its checksum in pack.json is another")


def _read_again(path: Path, contents: Mapping[str, bytes], name: str) -> bytes:
    """A file that was compared with its checksum: small ones are kept, so that many packs need few open files."""
    if name in contents:
        return contents[name]
    with zipfile.ZipFile(path) as archive:
        return _read_entry(path, archive, name)


def _check_entries(path: Path, entries: list[zipfile.ZipInfo], size: int) -> None:
    """Raises StepladderError where unpacking could write outside a folder, or fill a disk. Nothing was unpacked yet."""
    names = [entry.filename for entry in entries]
    for entry in entries:
        if not PLACES.fullmatch(entry.orig_filename) or ".." in entry.orig_filename.split("/"):
            raise StepladderError(f"{path} is refused: {entry.orig_filename!r} in it is no place of a record. Nothing of it was unpacked.")
        if stat.S_ISLNK(entry.external_attr >> 16) or entry.flag_bits & 1:
            raise StepladderError(f"{path} is refused: {entry.filename!r} in it is a link, or is encrypted. Nothing of it was unpacked.")
    if len({name.lower() for name in names}) < len(names):
        raise StepladderError(f"{path} is refused: it holds one name twice. Nothing of it was unpacked.")
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_FILES or unpacked > MOST_BYTES or (unpacked > LARGE and unpacked > MOST_TIMES * size):
        raise StepladderError(
            f"{path} is refused: {size:,} bytes of it say that they hold {len(entries):,} files of {unpacked:,} bytes. No records do. "
            "Nothing of it was unpacked."
        )


def _read_entry(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of a file of a pack: never more than it declares, whose sum was checked."""
    try:
        with archive.open(name) as file:
            content = file.read(archive.getinfo(name).file_size + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise _damage(path, name, str(error) or "it cannot be unpacked") from None
    if len(content) != archive.getinfo(name).file_size:
        raise _damage(path, name, "it is not as long as it says")
    return content


def _facts(path: Path, read: Callable[[str], bytes], names: list[str]) -> Tree:
    if PACK_FILE not in names:
        raise StepladderError(
            f"{path} is a zip file, but no pack: it has no {PACK_FILE}. `stepladder pack SWEEP|RUN ... --out FILE` makes one."
        )
    try:
        facts = json.loads(read(PACK_FILE))
    except (ValueError, RecursionError) as error:
        raise _damage(path, PACK_FILE, f"it is not JSON: {error}") from None
    if table(facts).get("kind") != KIND:
        raise StepladderError(f"{path} is a zip file, but no pack: {PACK_FILE} in it says nothing of {KIND!r}.")
    if facts.get("pack_format") != PACK_FORMAT:
        raise StepladderError(
            f"{path} has the pack format {facts.get('pack_format')}, and this version of stepladder reads {PACK_FORMAT}. Install the "
            f"version that made it ({facts.get('stepladder', 'it does not say which')}), or ask for a pack of this one."
        )
    return dict(facts)


def _check_names(path: Path, present: set[str], named: set[str]) -> None:
    if missing := sorted(named - present):
        raise _damage(path, missing[0], "pack.json names it, and it is not there")
    if unnamed := sorted(present - named):
        raise _damage(path, unnamed[0], "pack.json does not name it")


def _check_records(source: RecordSource) -> None:
    """Each run's own checksums, which were made when it was done or packed."""
    for run in source.runs:
        contents = _own_contents(source, run)
        checksums = _object(source.name, f"{run.place}/{CHECKSUMS}", contents.pop(CHECKSUMS, b"{}")).get("files")
        if changed := changed_files({name: str(digest) for name, digest in table(checksums).items()}, contents):
            raise _damage(Path(source.name), f"{run.place}/{changed[0]}", f"its checksum in {CHECKSUMS} is another")
        _check_record(source, run, contents)


def _check_record(source: RecordSource, run: RunId, contents: Mapping[str, bytes]) -> None:
    """Its JSON can be read, and speaks of this run; its cell has a config; where it is said to have a result, it has one."""
    objects = {name: _object(source.name, f"{run.place}/{name}", content) for name, content in contents.items() if name.endswith(".json")}
    for name in ("result.json", "test.json"):
        named = (objects.get(name, {}).get("cell_id", run.cell_id), objects.get(name, {}).get("seed", run.seed))
        if named != run:
            raise _damage(Path(source.name), f"{run.place}/{name}", f"it speaks of {named[0]}/seed-{named[1]}")
    if f"{run.cell_id}/config.toml" not in source.files:
        raise _damage(Path(source.name), f"{run.cell_id}/config.toml", "it is not there")
    if objects.get("status.json", {}).get("status") in TRAINED_STATUSES and "result.json" not in objects:
        raise _damage(Path(source.name), f"{run.place}/result.json", "it is not there, and the run is said to be done")


def _own_contents(source: RecordSource, run: RunId) -> dict[str, bytes]:
    """The files of a seed's folder itself, by name."""
    names = [name.removeprefix(f"{run.place}/") for name in source.files_of(run.place)]
    return {name: source.read(f"{run.place}/{name}") for name in names if "/" not in name}


def read_object(source: RecordSource, file: str) -> Tree:
    """A JSON file of a source. Raises StepladderError where it is none."""
    return _object(source.name, file, source.read(file))


def _object(name: str, file: str, content: bytes) -> Tree:
    try:
        return dict(table(json.loads(content)))
    except (ValueError, RecursionError) as error:
        raise _damage(Path(name), file, f"it is not JSON: {error}") from None


def _damage(path: Path, name: str, reason: str) -> StepladderError:
    return StepladderError(f"{name} of {path} is damaged: {reason}. Nothing of {path} is merged; ask for it anew, or leave it out.")
