"""Runs as a DataFrame of pandas: a row a run, with its status, the words in which the cells differ, and its numbers."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from research.api.places import runs_folder
from research.config.plain import Json
from research.config.value_labels import value_text
from research.runs.measures import check_measure, is_headline, metric_value
from research.runs.record import Record
from research.runs.records import Result
from research.runs.run_words import RUN_NAMES, CellWords, cell_words, nameable, run_values
from research.runs.selection import read_manifests, select_records
from research.runs.where import check_names, parse_condition

if TYPE_CHECKING:
    import pandas as pd

COSTS = ("params", "flops_per_token", "tokens_seen", "steps", "best_step", "seconds.compile", "seconds.train")  # where a run has them
COUNTS = ("params", "params.total", "params.body", "tokens_seen", "steps", "best_step")  # numbers that are whole
ALWAYS = ("data.kind", "model.kind")  # of a frame of many cells


def frame(
    runs: Path | str | None = None, where: str | None = None, metrics: Sequence[str] = (), names: Sequence[str] = ()
) -> "pd.DataFrame":
    """Any runs of a folder, a row a run. `where`: a condition on words of the config and numbers, as "data.kind == 'ptb'".

    `metrics`: the numbers wanted, by default those of whole splits and the costs. `names`: cells by the beginnings of their ids, or sweeps,
    alone. Raises StepladderError for words that no run answers to; a condition that is true of none gives no row, and a note.
    """
    runs_dir = runs_folder(runs)
    records = select_records(runs_dir, names, read_manifests(runs_dir))
    words = {record.cell_id: record for record in reversed(records)}
    words_by_cell = {cell_id: cell_words(record) for cell_id, record in words.items()}
    named: tuple[str, ...] = ()
    if where is not None:
        condition = parse_condition(where)
        named = condition.names
        check_names(condition, nameable([words.values for words in words_by_cell.values()], _results(records), RUN_NAMES))
        every = len(records)
        records = tuple(record for record in records if condition.holds(run_values(record, words_by_cell[record.cell_id].values, named)))
        if not records:
            print(f'note: where = "{where}" is true of none of the {every} runs in {runs_dir}', file=sys.stderr)
    for note in (words.note for words in words_by_cell.values() if words.note):
        print(f"note: {note}", file=sys.stderr)
    chosen = {record.cell_id: words_by_cell[record.cell_id] for record in records}
    return records_frame(records, metrics, {cell_id: _shown(words, chosen, named) for cell_id, words in chosen.items()})


def records_frame(
    records: Sequence[Record], metrics: Sequence[str] = (), words: Mapping[str, Mapping[str, Json]] | None = None
) -> "pd.DataFrame":
    """A row a run, of the types that its values have. `words`: of each cell those that are columns."""
    import pandas as pd

    results = _results(records)
    for name in metrics:
        check_measure(name, results)
    numbers = tuple(metrics) or _default_metrics(results)
    keys = list(dict.fromkeys(key for values in (words or {}).values() for key in values))
    rows = [_row(record, keys, (words or {}).get(record.cell_id, {}), numbers) for record in records]
    table = pd.DataFrame(rows, columns=["cell_id", "seed", "status", *keys, *numbers])
    table[keys] = table[keys].convert_dtypes()
    types = {"cell_id": "string", "seed": "int64", "status": "string"} | {
        name: "Int64" if name in COUNTS else "float64" for name in numbers
    }
    return table.astype(types)


def _row(record: Record, keys: Iterable[str], words: Mapping[str, Json], metrics: Iterable[str]) -> list[Json]:
    values = [words.get(key) for key in keys]
    plain = [value_text(value) if isinstance(value, Mapping | list | tuple) else value for value in values]
    return [record.cell_id, record.seed, record.status, *plain, *(metric_value(record.result, name) for name in metrics)]


def _shown(words: CellWords, cells: Mapping[str, CellWords], named: Iterable[str]) -> dict[str, Json]:
    """Of a cell the words that are named or always shown, and those in which the cells differ."""
    every = [other.values for other in cells.values()]
    keys = dict.fromkeys(key for values in every for key in values)
    shown_keys = [key for key in keys if key in (*ALWAYS, *named) or any(values.get(key) != every[0].get(key) for values in every)]
    return {key: words.values.get(key) for key in shown_keys}


def _results(records: Iterable[Record]) -> list[Result]:
    return [record.result for record in records if record.result]


def _default_metrics(results: Sequence[Result]) -> tuple[str, ...]:
    splits = {
        split: dict.fromkeys(name for result in results for name in (result.get("metrics", {}).get(split) or {}))
        for split in ("valid", "test")
    }
    headlines = [f"{split}.{name}" for split, names in splits.items() for name in names if is_headline(name)]
    return (*headlines, *(name for name in COSTS if any(metric_value(result, name) is not None for result in results)))
