"""The files of a run: where they are, and what is read of them.

runs/<cell_id>/{config.toml, cell.json, vocabulary.json}
runs/<cell_id>/seed-<k>/{env.json, status.json, metrics.jsonl, result.json, tokens.npz, log.txt, checkpoints/, lock}
runs/<cell_id>/seed-<k>/{test.json, items.npz, test_tokens.npz, prompts.npz, texts.jsonl, attention.npz, checksums.json}: once it was tested
runs/<cell_id>/seed-<k>/analysis/<name>.{json,npz}, runs/sweeps/<name>-<hash>/analysis/<name>.{json,npz}: what analyses measured
runs/sweeps/<name>-<hash>.json
"""

from pathlib import Path
from typing import TYPE_CHECKING, cast

from research.runs.array_files import read_arrays
from research.runs.json_files import JsonObject, read_json, restore_infinities
from research.runs.lock import is_held
from research.runs.records import Result, Status

if TYPE_CHECKING:
    import numpy as np

TRAINED_STATUSES = ("trained", "done")  # statuses of a run whose parameters and validation are there; done: its test split was scored too


def cell_folder(runs_dir: Path, cell_id: str) -> Path:
    """Where a cell's config, environment and seeds are."""
    return Path(runs_dir) / cell_id


def seed_folder(runs_dir: Path, cell_id: str, seed: int) -> Path:
    """Where one run is."""
    return cell_folder(runs_dir, cell_id) / f"seed-{seed}"


def sweeps_folder(runs_dir: Path) -> Path:
    """Where the sweeps' manifests are."""
    return Path(runs_dir) / "sweeps"


def seeds_of(folder: Path) -> tuple[int, ...]:
    """The seeds that a cell's folder holds, in order."""
    names = (path.name.removeprefix("seed-") for path in Path(folder).glob("seed-*") if path.is_dir())
    return tuple(sorted(int(name) for name in names if name.isdigit()))


def read_status(folder: Path) -> Status | None:
    """A run's status.json."""
    value: Status | None = read_json(Path(folder) / "status.json")
    return value


def status_of(folder: Path) -> str:
    """What became of a run, as its files and its lock say: running | trained | done | diverged | failed | stopped | not run.

    "not run" also where status.json speaks of a run whose result is not there; "stopped" where it says running and no live process does.
    """
    word = _status_word(folder)
    if word == "running" and not is_held(Path(folder)):
        word = _status_word(folder)  # it may have ended between two looks
        return "stopped" if word == "running" else word
    return word


def _status_word(folder: Path) -> str:
    word: str = (read_status(folder) or {}).get("status", "not run")
    return "not run" if word in TRAINED_STATUSES and not (Path(folder) / "result.json").exists() else word


def read_result(folder: Path) -> Result | None:
    """A run's result.json, training and validation, with what its test.json adds where its test split was scored."""
    result, tested = _read_numbers(Path(folder) / "result.json"), _read_numbers(Path(folder) / "test.json")
    if result is None or tested is None:
        return cast("Result | None", result)
    seconds = result["cost"]["seconds"]
    evaluate = (seconds.get("evaluate") or 0.0) + tested["seconds"]
    joined = {part: {**result.get(part, {}), **tested[part]} for part in ("metrics", "scored_on", "extra")}
    signatures = {"signatures": tested["signatures"]} if tested["signatures"] else {}
    return cast(Result, result | joined | signatures | {"cost": result["cost"] | {"seconds": seconds | {"evaluate": evaluate}}})


def _read_numbers(path: Path) -> JsonObject | None:
    """A file of metrics, whose infinities are numbers again."""
    record: JsonObject | None = read_json(path)
    return record and record | {name: restore_infinities(record[name]) for name in ("metrics", "extra") if name in record}


def read_items(folder: Path) -> "dict[str, np.ndarray] | None":
    """A run's items.npz: id, loss (nats summed over the item), tokens, correct, each [n]; of drawn texts, what `text_items` has too.

    `cluster` [n], where the data declares that items of one number are not independent.
    """
    return read_arrays(Path(folder) / "items.npz")


def read_prompt_items(folder: Path) -> "dict[str, np.ndarray] | None":
    """A run's prompts.npz: id, loss (nats of the right completion), tokens, exact and, where there were several, preferred, each [n]."""
    return read_arrays(Path(folder) / "prompts.npz")


def read_tokens(folder: Path) -> "dict[str, np.ndarray] | None":
    """Nats of each scored token, in the split's order: `valid` of tokens.npz; of a tested run `test` and `misspelt` of test_tokens.npz."""
    valid = read_arrays(Path(folder) / "tokens.npz")
    return None if valid is None else valid | (read_arrays(Path(folder) / "test_tokens.npz") or {})
