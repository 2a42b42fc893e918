"""What a RUN of the command line names."""

import os
from pathlib import Path
from typing import NamedTuple

from research.config.errors import StepladderError, did_you_mean
from research.runs.run_files import seeds_of

NO_CELLS = ("sweeps", "conflicts")  # folders beside the cells


class RunReference(NamedTuple):
    """What a RUN of the command line names: a cell, and one of its seeds if it was named."""

    cell_id: str
    folder: Path  # the cell's
    seed: int | None

    def seed_folder(self) -> Path:
        """The named seed's folder, or the first's."""
        seed = self.seed if self.seed is not None else next(iter(seeds_of(self.folder)), 0)
        return self.folder / f"seed-{seed}"


def cell_ids(runs_dir: Path) -> tuple[str, ...]:
    """Every cell with a folder, in order."""
    if not Path(runs_dir).is_dir():
        return ()
    folders = (path for path in Path(runs_dir).iterdir() if path.is_dir() and path.name not in NO_CELLS)
    return tuple(sorted(path.name for path in folders if os.path.exists(path / "config.toml") or seeds_of(path)))


def find_run(runs_dir: Path, text: str) -> RunReference:
    """The run of a path or of a unique prefix of a cell_id, each with an optional `/seed`. Unknown, ambiguous: StepladderError."""
    stem, _, last = text.rstrip("/").rpartition("/")
    number = last.removeprefix("seed-")
    seed, cell = (int(number), stem) if stem and number.isdigit() and len(number) < 12 and not _is_cell(Path(text)) else (None, text)
    if _is_cell(Path(cell)):
        return _with_seed(Path(cell).resolve(), seed)
    return _with_seed(Path(runs_dir) / _match_prefix(cell, cell_ids(runs_dir), runs_dir), seed)


def _is_cell(path: Path) -> bool:
    return path.is_dir() and ((path / "config.toml").exists() or bool(seeds_of(path)))


def _with_seed(folder: Path, seed: int | None) -> RunReference:
    seeds = seeds_of(folder)
    if seed is not None and seed not in seeds:
        seeds_text = f"it has {', '.join(map(str, seeds))}" if seeds else "it has none yet"
        raise StepladderError(f"{folder.name} has no seed {seed}; {seeds_text}. `stepladder runs` lists them.")
    return RunReference(folder.name, folder, seed)


def _match_prefix(prefix: str, candidates: tuple[str, ...], runs_dir: Path) -> str:
    matches = [cell_id for cell_id in candidates if cell_id.startswith(prefix)]
    if len(matches) == 1:
        return matches[0]
    if len(matches) > 1:
        raise StepladderError(f"{prefix!r} begins {len(matches)} cells in {runs_dir}: {', '.join(matches[:5])}. Give more letters.")
    hint = did_you_mean(prefix, candidates) or "."
    raise StepladderError(f"No run {prefix!r} in {runs_dir}{hint} `stepladder runs` lists what is there.")
