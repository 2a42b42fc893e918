"""What the report of attention_scores adds: where the queries of one test example look, a panel a score."""

from pathlib import Path
from typing import Any

import numpy as np

from research.config.generated import AssociativeRecall
from research.config.loader import config_from_tree
from research.config.model import LanguageModelConfig
from research.execute.environment import use_compilation_cache
from research.report.heat_map import heat_map
from research.report.section import Section
from research.use.attention_maps import AttentionMap, read_attention_map

SCORE, HEADS, EXAMPLES = "model.mixer.score.kind", "model.mixer.heads", "data.train_examples"
TEXT = (
    "<p>The last layer at the queries of the first test example: keys and values first, then keys alone, each of which asks for the value "
    "behind its first mention. A score that has learned the task puts a query's weight on the right value, or on the symbol behind it, to "
    "which the first layer may have handed it. Of several heads the one is shown that does so most.</p>"
)


def analyse(manifest: dict[str, Any], runs_dir: Path, data_dir: Path | None) -> tuple[Section, ...]:
    """A section for each number of heads and of examples: the queries' rows of the map of every score that is done."""
    if any(entry["config"] and entry["config"]["data"]["kind"] != "recall" for entry in manifest["cells"]):
        return ()
    use_compilation_cache()
    columns = dict.fromkeys(_column(entry) for entry in manifest["cells"])
    sections = [_section(manifest, Path(runs_dir), data_dir, column) for column in columns]
    return tuple(section for section in sections if section is not None)


def _column(entry: dict[str, Any]) -> tuple[int, int | None]:
    """The number of heads and, where it is an axis, of training examples."""
    return entry["labels"][HEADS], entry["labels"].get(EXAMPLES)


def _section(manifest: dict[str, Any], runs_dir: Path, data_dir: Path | None, column: tuple[int, int | None]) -> Section | None:
    heads, examples = column
    entries = [entry for entry in manifest["cells"] if _column(entry) == column and entry["config"]]
    maps_by_entry = [(entry, read_attention_map(entry, runs_dir, data_dir)) for entry in entries]
    maps = {str(entry["labels"][SCORE]): attention_map for entry, attention_map in maps_by_entry if attention_map is not None}
    if not maps:
        return None
    config = config_from_tree(entries[0]["config"], f"the cell {entries[0]['cell_id']} of the manifest")
    assert isinstance(config.data, AssociativeRecall)
    assert isinstance(config.model, LanguageModelConfig)
    symbols, query_rows = next(iter(maps.values())).symbols, slice(2 * config.data.pairs, None)
    weights = np.stack([clearest(attention_map, config.data.pairs)[query_rows] for attention_map in maps.values()])
    learned = "" if examples is None else f", {examples:,} examples"
    title = f"What a query looks at: {heads} head{'' if heads == 1 else 's'} of width {config.model.width // heads}{learned}"
    caption = f"A row a query, a column a key. Last layer, test example 0, seed {next(iter(maps.values())).seed}."
    name = f"queries-{heads}" + (f"-{examples}" if examples else "")
    picture = heat_map(name, title, weights, symbols[query_rows], symbols, caption, tuple(maps), across=2)
    return Section(title, TEXT, picture=picture)


def clearest(attention_map: AttentionMap, pairs: int) -> np.ndarray:
    """The map of the head of the last layer that gives the queries' right values, and the symbols behind them, the most weight."""
    last, queries = attention_map.weights[-1], np.arange(2 * pairs, len(attention_map.symbols))
    answers = np.array([attention_map.symbols.index(attention_map.symbols[query]) + 1 for query in queries])
    right = last[:, queries, answers] + last[:, queries, answers + 1]
    return last[right.sum(axis=1).argmax()]
