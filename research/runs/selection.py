"""Which runs several RUNs of the command line mean: cells by their beginnings or paths, the rows of a sweep by its name, or all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from research.config.errors import StepladderError, did_you_mean
from research.runs import store
from research.runs.readable_manifests import readable_manifests
from research.runs.record import Record
from research.runs.references import cell_ids, find_run

Manifests = Mapping[str, Mapping[str, Any]]  # by the name of their file, without its ending; the last written last


def read_manifests(runs_dir: Path) -> dict[str, dict[str, Any]]:
    """Every manifest of a runs folder, the last written last."""
    return {path.stem: manifest for path, manifest in readable_manifests(runs_dir).items()}


def manifests_named(name: str, manifests: Manifests) -> list[Mapping[str, Any]]:
    """Those of a sweep's name, of NAME-HASH, or of the path of their file."""
    stem = Path(name).name.removesuffix(".json")
    return [manifest for key, manifest in manifests.items() if name == manifest["name"] or stem == key]


def select_records(runs_dir: Path, names: Sequence[str], manifests: Manifests) -> tuple[Record, ...]:
    """The runs that the names mean, each once, those of a cell together; without a name every run of the folder.

    Raises StepladderError for a name that is neither a sweep nor a run, and where nothing is there.
    """
    records = tuple(record for name in names for record in _records_of(runs_dir, name, manifests))
    if not names:
        records = tuple(record for cell_id in cell_ids(runs_dir) for record in _records_below(store.cell_folder(runs_dir, cell_id)))
    if not records:
        meant = f"of {', '.join(names)} " if names else ""
        raise StepladderError(f"There is no run {meant}in {runs_dir}. `stepladder runs` lists what is there; --runs names another folder.")
    unique = {(record.cell_id, record.seed): record for record in records}
    order = {cell_id: place for place, cell_id in enumerate(dict.fromkeys(record.cell_id for record in records))}
    return tuple(sorted(unique.values(), key=lambda record: (order[record.cell_id], record.seed)))


def _records_of(runs_dir: Path, name: str, manifests: Manifests) -> tuple[Record, ...]:
    sweeps = manifests_named(name, manifests)
    if sweeps:
        ids = dict.fromkeys(entry["cell_id"] for manifest in sweeps for entry in manifest["cells"] if entry["cell_id"])
        return tuple(record for cell_id in ids for record in _records_below(store.cell_folder(runs_dir, cell_id)))
    try:
        run = find_run(runs_dir, name)
    except StepladderError:
        hint = did_you_mean(name, {str(manifest["name"]) for manifest in manifests.values()})
        if not hint:
            raise
        raise StepladderError(f"{name!r} is neither a sweep nor a run of {runs_dir}{hint} `stepladder runs` lists what is there.") from None
    return tuple(record for record in _records_below(run.folder) if run.seed in (None, record.seed))


def _records_below(folder: Path) -> tuple[Record, ...]:
    return tuple(Record(folder.name, seed, folder / f"seed-{seed}") for seed in store.seeds_of(folder))
