"""The lines under a table that say how its texts were scored: in which context, by which tool, with how many unknown symbols."""

from collections.abc import Mapping, Sequence
from typing import cast, get_args

import numpy as np

from research.compare.cell_labels import label_text, place_text
from research.compare.cells import Cell, TableAxes
from research.config.corpora import TextCorpus
from research.config.data import Corpus
from research.config.evaluation import Evaluation
from research.config.plain import Json, Tree, table
from research.metrics.registry import entry_of, stem_of
from research.runs.measures import base_name, split_name, title

LEAST_SHARE = 0.0005  # that is told as more than 0.0 %


def context_notes(cells: Sequence[Cell], axes: TableAxes) -> list[str]:
    """In which context texts were scored; by rows where it differs."""
    rows_by_context: dict[str, list[str]] = {}
    for cell in cells:
        context = eval_context(cell.config)
        if context:
            rows_by_context.setdefault(context, []).append(label_text(cell.labels, axes.rows))
    if len(rows_by_context) == 1:
        return [f"Scored {next(iter(rows_by_context))}."]
    return [f"Scored {context}: {', '.join(dict.fromkeys(rows))}." for context, rows in rows_by_context.items()]


def signature_notes(cells: Sequence[Cell], axes: TableAxes, metrics: Sequence[str]) -> list[str]:
    """How a score of drawn texts was computed, in sacrebleu's words; by rows where they differ, since then the scores do not compare."""
    rows_by_signature: dict[tuple[str, str], list[str]] = {}
    for metric in dict.fromkeys(stem_of(split_name(base_name(name))[1]) for name in metrics):
        for cell in cells:
            for signature in dict.fromkeys(result.get("signatures", {}).get(metric) for result in cell.results.values()):
                if signature is not None:
                    rows_by_signature.setdefault((metric, signature), []).append(label_text(cell.labels, axes.rows))
    differing = {metric for metric, _ in rows_by_signature if sum(other_metric == metric for other_metric, _ in rows_by_signature) > 1}

    def rows_text(metric: str, rows: Sequence[str]) -> str:
        return f" ({', '.join(dict.fromkeys(rows))})" if metric in differing else ""

    return [f"{title(metric)}{rows_text(metric, rows)}: sacrebleu, {signature}." for (metric, signature), rows in rows_by_signature.items()]


def unknown_symbol_notes(cells: Sequence[Cell], axes: TableAxes, metrics: Sequence[str]) -> list[str]:
    """The shares of <unk> in drawn texts and in their references, where BLEU or its like is shown, of rows with as many as can be told."""
    entries = [entry for name in metrics if (entry := entry_of(split_name(base_name(name))[1])) and entry.written == "points"]
    has_scores = any(entry.statistic and entry.statistic.field.made_of == "texts" for entry in entries)
    shares = {}
    for cell in cells:
        extras = [result["extra"] for result in cell.results.values() if "unknown_written" in result.get("extra", {})]
        if has_scores and extras:
            means = [float(np.mean([extra[name] for extra in extras])) for name in ("unknown_written", "unknown_in_references")]
            if max(means) >= LEAST_SHARE:
                shares[place_text(cell.labels, *axes)] = means
    text = ", ".join(f"{row} {written:.1%} ({in_references:.1%})" for row, (written, in_references) in shares.items())
    if not text:
        return []
    return [f"An unknown symbol, <unk>, is one wrong word. Its share in what was written (and in the references): {text}."]


def beyond_limit_notes(cells: Sequence[Cell], axes: TableAxes) -> list[str]:
    """The shares of references that are longer than any text that was written, which are cut."""
    shares = {
        place_text(cell.labels, *axes): share
        for cell in cells
        if (share := max((result.get("extra", {}).get("references_beyond_limit", 0.0) for result in cell.results.values()), default=0.0))
    }
    text = ", ".join(f"{row} {share:.1%}" for row, share in shares.items())
    if not text:
        return []
    return [f"A text is cut where the longest target of training ends. References longer than that, which none can match: {text}."]


TEXTS = {name for corpus in get_args(Corpus) for name in get_args(corpus.model_fields["kind"].annotation)}


def eval_context(config: Mapping[str, Json]) -> str:
    """How much context a scored token has, in words; "" where the data is no text. What a config leaves out has its default."""
    data = table(config.get("data"))
    if data.get("kind") not in TEXTS:
        return ""
    evaluation, window = _evaluation(config), eval_window(config)
    if window is None:
        return "sentence by sentence, each line from an empty context"
    last = "" if evaluation["stride"] in ("length", window) else f", the last {evaluation['stride']} tokens of each"
    carried = ", with the state carried on" if data.get("batches") == "columns" else ""
    return f"over the running text in windows of {window} tokens{last}{carried} ({evaluation['segments']} segments)"


def eval_window(config: Mapping[str, Json]) -> int | None:
    """Tokens in the window that a running text is scored in; None where the data is no text, or each line starts anew."""
    data, evaluation = table(config.get("data")), _evaluation(config)
    if data.get("kind") not in TEXTS or evaluation["context"] == "sentence":
        return None
    length = data.get("length", TextCorpus.model_fields["length"].default)
    return cast(int, length if evaluation["length"] == "training" else evaluation["length"])


def _evaluation(config: Mapping[str, Json]) -> Tree:
    return Evaluation().model_dump() | dict(table(config.get("eval")))
