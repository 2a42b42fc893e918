"""The words of a cell as dotted keys, those that are defaults too, and its numbers: what a condition, a row or a column may name."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from research.config.errors import StepladderError
from research.config.fields import all_keys, leaves
from research.config.plain import Json, Tree
from research.config.schema import Config
from research.config.serialise import to_tree
from research.config.value_labels import value_text
from research.runs.measures import measure_names, metric_value
from research.runs.record import Record
from research.runs.records import Result

NO_CELL_WORDS = ("seeds", "run")  # of a config, what is no part of a cell
CELL_NAMES = ("cell_id", "code_version")  # what a condition may ask of a cell beside its words
RUN_NAMES = (*CELL_NAMES, "seed", "status")


class CellWords(NamedTuple):
    """Dotted key -> value. `note`: what is to be known of them, or nothing."""

    values: Tree
    note: str = ""


def cell_words(record: Record) -> CellWords:
    """The words of a run's config, with all defaults; of one that this code cannot read, those that were written, and a note."""
    try:
        return CellWords(dotted_words(to_tree(record.config, defaults=True)))
    except StepladderError as error:
        note = f"{record.cell_id}: of its config only what config.toml writes is known, and no default. {error}"
        return CellWords(dotted_words(record.config_tree), note)


def dotted_words(tree: Mapping[str, Json]) -> Tree:
    """Every value of a config by its dotted key. An array of tables, as a pattern of mixers, is a text: its kinds."""
    values = {".".join(path): value for path, value in leaves(dict(tree)) if path[0] not in NO_CELL_WORDS}
    return {key: value_text(value) if _has_tables(value) else value for key, value in values.items()}


def run_values(record: Record, words: Mapping[str, Json], names: Sequence[str]) -> Tree:
    """The words, and what of these names the run itself has: its id, seed and status, and numbers such as test.perplexity."""
    own: Tree = {"cell_id": record.cell_id, "seed": record.seed, "status": record.status, "code_version": code_version([record.result])}
    numbers = {name: metric_value(record.result, name) for name in names if name not in words and name not in own}
    return {**own, **numbers, **words}


def mean_values(cell_id: str, results: Sequence[Result], words: Mapping[str, Json], names: Sequence[str]) -> Tree:
    """The same of a cell: of a number its mean over the seeds that have it, None where none has."""
    numbers: Tree = {}
    for name in (name for name in names if name not in words):
        values = [value for result in results if (value := metric_value(result, name)) is not None]
        numbers[name] = fmean(values) if values else None
    return {**numbers, "cell_id": cell_id, "code_version": code_version(results), **words}


def code_version(results: Sequence[Result]) -> int | None:
    """The code's integer of the first that says it."""
    return next((version for result in results if (version := result.get("code_version")) is not None), None)


def nameable(words: Sequence[Mapping[str, Json]], results: Sequence[Result], own: Sequence[str]) -> tuple[str, ...]:
    """Every name that a condition may have: keys of these cells first, then their numbers, then keys of any config."""
    keys = (key for values in words for key in values)
    return tuple(dict.fromkeys((*keys, *own, *sorted(measure_names(results)), *all_keys(Config))))


def _has_tables(value: Json) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value)
