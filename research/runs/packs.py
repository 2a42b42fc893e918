"""A pack: records for others in one zip file, which unzipped is a runs folder. The same records give the same bytes.

pack.json, sweeps/<name>-<hash>.json, <cell_id>/{config.toml, cell.json}, <cell_id>/seed-<k>/...: see `portable` for what is carried.
"""

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import IO, NamedTuple

from research.config.errors import StepladderError
from research.config.plain import Json, table
from research.runs.atomic_files import fill_file
from research.runs.checksums import CHECKSUMS, RECORDED, checksum_table, verify_record
from research.runs.environments import run_environments
from research.runs.pack_cells import check_cells
from research.runs.portable import (
    CELL_FILES,
    RUN_FILES,
    TEXTS,
    portable_cell_file,
    portable_manifest,
    portable_run_file,
    stamped_bytes,
)
from research.runs.portable_analysis import analysis_contents, has_other_analyses
from research.runs.run_files import cell_folder, read_result, seed_folder, seeds_of, status_of
from research.runs.run_state import RunId
from research.runs.sweep_manifest import read_manifest_file

KIND = "stepladder pack"
PACK_FORMAT = 1  # raised when a reader must tell an old pack from a new one
PACK_FILE = "pack.json"
NOT_PACKED = ("running", "not run")  # statuses of runs that have nothing for others yet
TOKENS = ("tokens.npz", "test_tokens.npz")
PARAMETERS = ("vocabulary.json",)  # of a cell, what goes with its checkpoints: the words of its data
EPOCH = (1980, 1, 1, 0, 0, 0)  # the date of every file, so that a pack's bytes say nothing of when it was made

Content = bytes | Path  # of a file of a pack; a path where it is large


class PackContents(NamedTuple):
    """What is taken along beside numbers: parameters with their vocabularies, and the scores of single tokens, which mixtures read."""

    checkpoints: bool = False
    tokens: bool = True


class Packed(NamedTuple):
    """What a pack holds, and what was left out of it: a line a reason."""

    files: Mapping[str, Content]
    runs: tuple[RunId, ...]
    left_out: tuple[str, ...]


def runs_of_sweep(manifest: Mapping[str, Json], runs_dir: Path) -> tuple[RunId, ...]:
    """The runs of a sweep that are there, with those that they were made of."""
    cells = [manifest.get(key) for key in ("cells", "parts")]
    entries = [table(cell) for part in cells if isinstance(part, list | tuple) for cell in part if table(cell).get("cell_id")]
    named = [RunId(str(entry["cell_id"]), seed) for entry in entries for seed in seeds_of_entry(entry)]
    return with_sources([run for run in named if status_of(seed_folder(runs_dir, *run)) != "not run"], runs_dir)


def seeds_of_entry(entry: Mapping[str, Json]) -> tuple[int, ...]:
    """The seeds that a manifest names of a cell."""
    seeds = entry.get("seeds")
    return tuple(seed for seed in seeds if isinstance(seed, int)) if isinstance(seeds, list | tuple) else ()


def with_sources(runs: Iterable[RunId], runs_dir: Path) -> tuple[RunId, ...]:
    """The runs, each once, with those that they start from or are made of, as far as these are there."""
    closed: dict[RunId, None] = {}
    waiting = list(runs)
    while waiting:
        run = waiting.pop()
        if run not in closed:
            closed[run] = None
            waiting += _sources(run, runs_dir)
    return tuple(sorted(closed))


def _sources(run: RunId, runs_dir: Path) -> list[RunId]:
    result = read_result(seed_folder(runs_dir, *run)) or {}
    named = [text.partition("/seed-") for text in result.get("parents", ())]
    parents = [RunId(cell, int(seed)) for cell, _, seed in named if seed.isdigit()]
    folds = [RunId(fold, seed) for fold in result.get("folds", ()) for seed in seeds_of(cell_folder(runs_dir, fold))]
    return [source for source in (*parents, *folds) if status_of(seed_folder(runs_dir, *source)) != "not run"]


def collect_pack(runs_dir: Path, runs: Iterable[RunId], manifests: Sequence[Path], contents: PackContents) -> Packed:
    """The files of a pack. Raises StepladderError where a record changed since its run wrote it, or nothing of it may go."""
    runs_dir, statuses = Path(runs_dir), {run: status_of(seed_folder(runs_dir, *run)) for run in runs}
    packed = tuple(sorted(run for run, status in statuses.items() if status not in NOT_PACKED))
    if not packed:
        raise StepladderError(
            f"None of these runs in {runs_dir} came to an end, so there is nothing to pack. `stepladder runs` lists them."
        )
    files: dict[str, Content] = {}
    folds = {fold for run in packed for fold in (read_result(seed_folder(runs_dir, *run)) or {}).get("folds", ())}
    for run in packed:
        files |= _run_files(runs_dir, run, contents._replace(tokens=contents.tokens or run.cell_id in folds))
    for cell_id in dict.fromkeys(run.cell_id for run in packed):
        _check_cell(cell_folder(runs_dir, cell_id))
        names = (*CELL_FILES, *(PARAMETERS if contents.checkpoints else ()))
        folder = cell_folder(runs_dir, cell_id)
        files |= {f"{cell_id}/{name}": _cell_content(folder / name) for name in names if (folder / name).is_file()}
    for path in manifests:
        files |= {f"sweeps/{path.stem}/{name}": content for name, content in analysis_contents(path.with_suffix("")).items()}
        files[f"sweeps/{path.name}"] = stamped_bytes(portable_manifest(read_manifest_file(path, runs_dir)[0]))
    check_cells({name: content for name, content in files.items() if isinstance(content, bytes)}, "the pack")
    left_out = _left_out(runs_dir, packed, statuses, contents)
    files[PACK_FILE] = stamped_bytes(_pack_facts(runs_dir, packed, files, left_out))
    return Packed(files, packed, left_out)


def write_pack(path: Path, files: Mapping[str, Content]) -> None:
    """Write the zip file atomically. Raises StepladderError where another file than a pack is there."""
    if Path(path).exists() and not is_pack(Path(path)):
        raise StepladderError(f"{path} is there and is no pack, so it is left as it is. Name another file with --out.")
    fill_file(Path(path), lambda file: _write_zip(file, files))


def is_pack(path: Path) -> bool:
    """Whether a file is a zip file with a pack.json."""
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return PACK_FILE in archive.namelist()


def _write_zip(file: IO[bytes], files: Mapping[str, Content]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            content = files[name]
            archive.writestr(entry, content if isinstance(content, bytes) else content.read_bytes(), compresslevel=9)


def _run_files(runs_dir: Path, run: RunId, contents: PackContents) -> dict[str, Content]:
    folder = seed_folder(runs_dir, *run)
    verify_record(folder)
    names = [name for name in RUN_FILES if contents.tokens or name not in TOKENS]
    carried: dict[str, bytes] = {name: portable_run_file(folder / name) for name in names if (folder / name).is_file()}
    recorded = {name: content for name, content in carried.items() if name in RECORDED}
    carried |= analysis_contents(folder)
    carried[CHECKSUMS] = stamped_bytes(checksum_table(recorded))
    files: dict[str, Content] = {f"{run.place}/{name}": content for name, content in carried.items()}
    if contents.checkpoints:
        files |= {f"{run.place}/{path.relative_to(folder).as_posix()}": path for path in _parameter_files(folder)}
    return files


def _check_cell(folder: Path) -> None:
    if not (folder / "config.toml").is_file():
        raise StepladderError(
            f"{folder} has no config.toml, so what its runs are cannot be told, and they are not packed. Bring the file back from a copy, "
            "or leave the runs out."
        )


def _parameter_files(folder: Path) -> list[Path]:
    """Checkpoints, and what was counted or fitted."""
    fitted = [path for path in sorted(folder.glob("*.npz")) if path.name == "model.npz" or path.name.startswith("class_")]
    return [*fitted, *sorted(path for path in (folder / "checkpoints").rglob("*") if path.is_file() and not path.is_symlink())]


def _cell_content(path: Path) -> bytes:
    return path.read_bytes() if path.name in PARAMETERS else portable_cell_file(path)


def _left_out(runs_dir: Path, packed: Sequence[RunId], statuses: Mapping[RunId, str], contents: PackContents) -> tuple[str, ...]:
    waiting = sum(status in NOT_PACKED for status in statuses.values())
    folders = [seed_folder(runs_dir, *run) for run in packed]
    texts = sum(any((folder / name).exists() for name in TEXTS) or has_other_analyses(folder) for folder in folders)
    parameters = sum(bool(_parameter_files(folder)) for folder in folders)
    return tuple(
        line
        for count, line in (
            (waiting, f"{waiting} runs that have not come to an end"),
            (texts, f"what {texts} runs wrote for texts of the data, and what was analysed of them"),
            (0 if contents.tokens else len(packed), "the scores of single tokens, of which mixtures are made"),
            (
                0 if contents.checkpoints else parameters,
                f"the parameters of {parameters} runs, and vocabularies: --checkpoints takes them along",
            ),
        )
        if count
    )


def _pack_facts(runs_dir: Path, packed: Sequence[RunId], files: Mapping[str, Content], left_out: Sequence[str]) -> dict[str, object]:
    parts = [part for run in packed for part in run_environments(seed_folder(runs_dir, *run))]
    return {
        "kind": KIND,
        "pack_format": PACK_FORMAT,
        "stepladder": version("stepladder"),
        "versions": {name: _values(parts, name) for name in ("stepladder", "jax", "jaxlib", "numpy", "python", "commit")},
        "devices": {name: _values(parts, name) for name in ("platform", "machine", "devices")},
        "runs": [run.place for run in packed],
        "sweeps": sorted(name for name in files if name.startswith("sweeps/")),
        "left_out": list(left_out),
        "files": {name: _digest(files[name]) for name in sorted(files)},
    }


def _values(parts: Iterable[Mapping[str, Json]], name: str) -> list[str]:
    return sorted({str(part[name]) for part in parts if part.get(name) is not None})


def _digest(content: Content) -> str:
    if isinstance(content, bytes):
        return sha256(content).hexdigest()
    with content.open("rb") as file:
        return sha256(file.read()).hexdigest()
