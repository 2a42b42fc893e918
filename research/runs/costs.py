"""What runs were predicted to cost, beside what they did cost."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from research.runs.inspection import inspect_run
from research.runs.readable_manifests import readable_manifests
from research.runs.records import CellEntry, Result
from research.runs.store import seed_folder

FEWEST = 3  # runs from which a rate of this machine is taken
SHORTEST = 0.5  # core-seconds, predicted, of a run that says something of the rate
Manifest = Mapping[str, Any]


def cost_note(manifest: Manifest, results: Mapping[str, Sequence[Result]]) -> list[str]:
    """Core-seconds of the runs that are done, as predicted and as measured. `results`: by cell_id. Compilation is in neither."""
    unique_entries = {entry["cell_id"]: entry for entry in _priced_entries(manifest)}.items()  # a cell may stand in several places
    pairs = [pair for cell_id, entry in unique_entries for result in results.get(cell_id, ()) if (pair := _cost_pair(entry, result))]
    if not pairs:
        return []
    predicted, measured = (sum(side) for side in zip(*pairs, strict=True))
    return [f"Core-seconds of {len(pairs)} runs, without compilation: {measured:,.1f}; predicted {predicted:,.1f}."]


def machine_rate(runs_dir: Path) -> float:
    """Measured core-seconds for a predicted one: the median over the trained runs in the runs folder, 1 where these are too few."""
    rates = [measured / predicted for predicted, measured in _predicted_and_measured(runs_dir) if predicted >= SHORTEST and measured > 0]
    return median(rates) if len(rates) >= FEWEST else 1.0


def _predicted_and_measured(runs_dir: Path) -> Iterator[tuple[float, float]]:
    """Predicted and measured, of each trained run of each sweep, once."""
    seen = set()
    for manifest in readable_manifests(runs_dir).values():
        for entry in _priced_entries(manifest):
            for folder in (seed_folder(runs_dir, entry["cell_id"], seed) for seed in entry["seeds"]):
                if folder in seen:
                    continue
                seen.add(folder)
                result = inspect_run(folder).result or {}
                if result.get("steps") and (pair := _cost_pair(entry, result)):
                    yield pair


def _priced_entries(manifest: Manifest) -> list[CellEntry]:
    return [entry for entry in manifest.get("cells", ()) if entry.get("predicted_seconds")]


def _cost_pair(entry: CellEntry, result: Result) -> tuple[float, float] | None:
    """None of what is made of other runs, whose costs are theirs, and of a run whose test split is not scored."""
    seconds = (result.get("cost") or {}).get("seconds") or {}
    is_derived = result.get("folds") or "weight_of_first" in (result.get("extra") or {})
    if is_derived or "test" not in result.get("metrics", {}) or "train" not in seconds:
        return None
    return float(entry["predicted_seconds"] or 0.0), float(seconds["train"] + seconds.get("evaluate", 0.0))
