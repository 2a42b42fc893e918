"""What the report of attention_scores adds: where the queries of one test example look, a panel a score."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from research.analyses.analysis import Analysis, AnalysisPlace, AnalysisUnit, Measured, data_kind, first_run_units, runnable_entries
from research.compare.cells import Manifest
from research.config.generated import AssociativeRecall
from research.config.loader import config_from_tree
from research.config.model import LanguageModelConfig
from research.report.heat_map import heat_map
from research.report.section import Section
from research.runs.analysis_files import Measurement
from research.runs.records import CellEntry
from research.runs.store import TRAINED_STATUSES

SCORE, HEADS, EXAMPLES = "model.mixer.score.kind", "model.mixer.heads", "data.train_examples"
TEXT = (
    "<p>The last layer at the queries of the first test example: keys and values first, then keys alone, each of which asks for the value "
    "behind its first mention. A score that has learned the task puts a query's weight on the right value, or on the symbol behind it, to "
    "which the first layer may have handed it. Of several heads the one is shown that does so most.</p>"
)


class QueryMap(NamedTuple):
    """The attention weights of a test example under one run; `symbols` are its inputs."""

    weights: Float[np.ndarray, "layers h t t"]
    symbols: Sequence[str]
    seed: int | None


def applies(manifest: Manifest) -> bool:
    """Whether all cells read keys and values."""
    return all(data_kind(entry) == "recall" for entry in runnable_entries(manifest))


def units(manifest: Manifest, runs_dir: Path) -> Sequence[AnalysisUnit]:
    """Of each cell the first run that is done."""
    return first_run_units(manifest, runs_dir, runnable_entries(manifest), TRAINED_STATUSES)


def measure(unit: AnalysisUnit, place: AnalysisPlace) -> Measurement:
    """The weights [layers h t t] of the run at the first test example, and the example's symbols."""
    from research.use.attention_maps import attention_map_of
    from research.use.open_run import open_run

    attention_map = attention_map_of(open_run(place.runs_dir, unit.run, place.data_dir))
    return Measurement({"symbols": list(attention_map.symbols)}, {"weights": attention_map.weights})


def sections(manifest: Manifest, measured: Sequence[Measured]) -> Sequence[Section]:
    """A section for each number of heads and of examples: the queries' rows of the map of every score that is done."""
    columns = dict.fromkeys(_column(entry) for entry in manifest["cells"])
    members = {column: [each for each in measured if _column(each.unit.entry) == column] for column in columns}
    return tuple(_section(column, maps) for column, maps in members.items() if maps)


def _column(entry: CellEntry) -> tuple[int, int | None]:
    """The number of heads and, where it is an axis, of training examples."""
    return entry["labels"][HEADS], entry["labels"].get(EXAMPLES)  # type: ignore[return-value]


def _section(column: tuple[int, int | None], measured: Sequence[Measured]) -> Section:
    heads, examples = column
    maps = {str(unit.entry["labels"][SCORE]): query_map(unit, measurement) for unit, measurement in measured}
    entry = measured[0].unit.entry
    config = config_from_tree(dict(entry["config"]), f"the cell {entry['cell_id']} of the manifest")
    assert isinstance(config.data, AssociativeRecall)
    assert isinstance(config.model, LanguageModelConfig)
    first = next(iter(maps.values()))
    query_rows = slice(2 * config.data.pairs, None)
    weights = np.stack([clearest(each, config.data.pairs)[query_rows] for each in maps.values()])
    learned = "" if examples is None else f", {examples:,} examples"
    title = f"What a query looks at: {heads} head{'' if heads == 1 else 's'} of width {config.model.width // heads}{learned}"
    caption = f"A row a query, a column a key. Last layer, test example 0, seed {first.seed}."
    name = f"queries-{heads}" + (f"-{examples}" if examples else "")
    picture = heat_map(name, title, weights, first.symbols[query_rows], first.symbols, caption, tuple(maps), across=2)
    return Section(title, TEXT, picture=picture)


def query_map(unit: AnalysisUnit, measurement: Measurement) -> QueryMap:
    """What the record of a run holds of it."""
    return QueryMap(measurement.arrays["weights"], measurement.values["symbols"], unit.seed)


def clearest(query_map: QueryMap, pairs: int) -> Float[np.ndarray, "t t"]:
    """The map of the head of the last layer that gives the queries' right values, and the symbols behind them, the most weight."""
    last, queries = query_map.weights[-1], np.arange(2 * pairs, len(query_map.symbols))
    answers = np.array([query_map.symbols.index(query_map.symbols[query]) + 1 for query in queries.tolist()])
    right = last[:, queries, answers] + last[:, queries, answers + 1]
    return last[right.sum(axis=1).argmax()]


ANALYSIS = Analysis("queries", "What a query looks at", False, applies, units, measure, sections)
