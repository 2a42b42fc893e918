"""The runs that a table is asked of, read as cells: their words, their results, and which of them were trials of a tuned row."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from research.compare.cells import Manifest
from research.compare.records_manifest import CellFacts, Grouping, records_manifest
from research.config.errors import StepladderError
from research.config.model_facts import has_one_result
from research.metrics.registry import SUMMARIES
from research.runs.measures import check_measure
from research.runs.record import Record
from research.runs.run_words import CELL_NAMES, cell_words, code_version, mean_values, nameable
from research.runs.selection import Manifests, manifests_named, read_manifests, select_records
from research.runs.where import check_names, parse_condition


class TableRequest(NamedTuple):
    """A table of any runs: which, chosen by what, and by which keys. `metrics`: the first is what rows are compared by."""

    rows: tuple[str, ...]
    columns: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    where: str | None = None
    names: tuple[str, ...] = ()
    command: str = ""


def any_runs_manifest(runs_dir: Path, request: TableRequest) -> Manifest:
    """The manifest of the table. Raises StepladderError for words that no run answers to."""
    manifests = read_manifests(runs_dir)
    records = select_records(runs_dir, request.names, manifests)
    for record in records:
        if record.folder.parent.parent.resolve() != runs_dir.resolve():
            raise StepladderError(f"{record.folder} is not in {runs_dir}, and a table is of one folder: copy it there, or give --runs.")
    cells, notes = read_cell_facts(records, _rows_of_sweeps(request.names, manifests))
    cells = cells if request.names else _without_parts(cells, manifests)
    if request.where is not None:
        cells, notes = _chosen(cells, request.where, runs_dir), [*notes, f"These are the cells of {runs_dir.name}/ where {request.where}."]
    metrics = request.metrics or (default_metric(cells),)
    for metric in metrics:
        check_measure(metric, [result for cell in cells for result in cell.results])
    selects = {str(select) for manifest in manifests.values() if (select := (manifest.get("spec") or {}).get("select"))}
    select = selects.pop() if len(selects) == 1 and any(cell.tuned for cell in cells) else None
    return records_manifest(cells, Grouping(request.rows, request.columns, metrics, select, tuple(notes), request.command))


def read_cell_facts(records: Sequence[Record], entries: Mapping[str, Mapping[str, Any]]) -> tuple[list[CellFacts], list[str]]:
    """The runs by cell, and what is to be known of them. `entries`: what a manifest says of a cell, where one does."""
    by_cell: dict[str, list[Record]] = {}
    for record in records:
        by_cell.setdefault(record.cell_id, []).append(record)
    facts, notes = [], []
    for cell_id, runs in by_cell.items():
        words, entry = cell_words(runs[0]), entries.get(cell_id, {})
        results = tuple(run.result for run in runs if run.result)
        facts.append(
            CellFacts(
                cell_id=cell_id,
                seeds=tuple(run.seed for run in runs),
                config=runs[0].config_tree,
                words={**words.values, "cell_id": cell_id, "code_version": code_version(results)},
                results=results,
                deterministic=bool(entry.get("deterministic")) if entry else not words.note and has_one_result(runs[0].config.model, False),
                data_digest=runs[0].data_digest,
                tuned=entry.get("tuned") or {},
                rung=entry.get("rung"),
            )
        )
        notes += [words.note] if words.note else []
    return facts, notes


def default_metric(cells: Sequence[CellFacts]) -> str:
    """The first of SUMMARIES that a test split has, or a validation split. Raises StepladderError where no run has a number."""
    results = [result for cell in cells for result in cell.results]
    for split in ("test", "valid"):
        for name in SUMMARIES:
            if any((result.get("metrics", {}).get(split) or {}).get(name) is not None for result in results):
                return f"{split}.{name}"
    raise StepladderError("None of these runs has come to an end, so there is no number to be shown. Train one first.")


def _rows_of_sweeps(names: Sequence[str], manifests: Manifests) -> dict[str, Mapping[str, Any]]:
    """What the last manifest that holds a cell says of it; those of named sweeps before others."""
    named = [manifest for name in names for manifest in manifests_named(name, manifests)]
    return {entry["cell_id"]: entry for manifest in (*manifests.values(), *named) for entry in manifest["cells"] if entry["cell_id"]}


def _without_parts(cells: list[CellFacts], manifests: Manifests) -> list[CellFacts]:
    """Folds of rows and parts of mixtures stand in no table of their own, unless they are named."""
    shown = {entry["cell_id"] for manifest in manifests.values() for entry in manifest["cells"]}
    parts = {entry["cell_id"] for manifest in manifests.values() for entry in manifest.get("parts", ())} - shown
    return [cell for cell in cells if cell.cell_id not in parts]


def _chosen(cells: Sequence[CellFacts], where: str, runs_dir: Path) -> list[CellFacts]:
    """Whole cells: a table takes every seed of a row. Raises StepladderError where none is left."""
    condition = parse_condition(where)
    if single := [name for name in condition.names if name in ("seed", "status")]:
        raise StepladderError(
            f'where = "{where}": a table takes every seed of a cell, whatever became of it, so that no row is chosen by its luck. Leave '
            f"{single[0]} out; a frame of single runs can be chosen by it."
        )
    results = [result for cell in cells for result in cell.results]
    check_names(condition, nameable([cell.words for cell in cells], results, CELL_NAMES))
    chosen = [cell for cell in cells if condition.holds(mean_values(cell.cell_id, cell.results, cell.words, condition.names))]
    if not chosen:
        values = [_values_text(cells, name) for name in condition.names]
        raise StepladderError(f'where = "{where}" is true of none of the {len(cells)} cells in {runs_dir}: {"; ".join(values)}.')
    return chosen


def _values_text(cells: Sequence[CellFacts], name: str) -> str:
    values = dict.fromkeys(str(mean_values(cell.cell_id, cell.results, cell.words, [name]).get(name)) for cell in cells)
    return f"{name} is {', '.join(list(values)[:8])}{', ...' if len(values) > 8 else ''}"
