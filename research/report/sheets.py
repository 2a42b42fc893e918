"""A sheet is a table as it will be read: texts in rows under headings. Every renderer draws sheets and knows nothing else."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from research.compare.comparisons import RowComparison
from research.compare.number_texts import DASH, p_text, spread_text
from research.compare.tables import Column, Entry, TableData
from research.config.unicode import visible_text
from research.runs.measures import decimals, decimals_of, is_quality, number, scale, title

Tone = Literal["", "good", "bad", "quiet"]


@dataclass(frozen=True)
class StyledText:
    """One place of a sheet, without characters that are not to be seen."""

    text: str
    note: str = ""  # said after the text, or under it
    bold: bool = False
    tone: Tone = ""

    def __post_init__(self) -> None:
        _show(self, "text", "note")


@dataclass(frozen=True)
class Heading:
    """The head of one column; neighbours of one group share a line above theirs."""

    text: str
    group: str = ""
    numeric: bool = True

    def __post_init__(self) -> None:
        _show(self, "text", "group")


@dataclass(frozen=True)
class Sheet:
    """A table to read. The first `labels` columns name a row."""

    title: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[StyledText, ...], ...]
    labels: int = 1
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _show(self, "title")
        object.__setattr__(self, "notes", tuple(map(visible_text, self.notes)))


def _show(part: StyledText | Heading | Sheet, *names: str) -> None:
    for name in names:
        if not getattr(part, name).isprintable():
            object.__setattr__(part, name, visible_text(getattr(part, name)))


def table_sheet(table: TableData) -> Sheet:
    """The sheet of a table: `mean ± half`, or what became of the seeds."""
    columns = [_column_texts([row[i] for row in table.entries], column) for i, column in enumerate(table.columns)]
    rows = tuple(
        (*(StyledText(label or DASH) for label in labels), *(texts[i] for texts in columns)) for i, labels in enumerate(table.rows)
    )
    headings = (
        *(Heading(text, numeric=False) for text in table.row_titles),
        *(Heading(column.title, column.group) for column in table.columns),
    )
    return Sheet(table.title, headings, rows, len(table.row_titles), table.notes)


def _column_texts(entries: Sequence[Entry | None], column: Column) -> list[StyledText]:
    factor = scale(column.metric)
    intervals = [entry.interval for entry in entries if entry is not None and entry.interval is not None]
    places = decimals_of(
        column.metric, (interval.half * factor for interval in intervals), (interval.mean * factor for interval in intervals)
    )
    return [_entry_text(entry, column.metric, places) for entry in entries]


def _entry_text(entry: Entry | None, metric: str, places: int) -> StyledText:
    if entry is None:
        return StyledText("", tone="quiet")
    if entry.interval is None:
        return _missing_text(entry, metric)
    text = number(metric, entry.interval.mean, places)
    if entry.source != "none":
        text += f" {spread_text(entry.interval, metric, places)}{'*' if entry.source == 'items' else ''}"
    elif metric.startswith("best_seed."):
        text += f" (of {len(entry.values)})"
    elif is_quality(metric) and entry.values and not entry.infinite:
        text += f" (n = {len(entry.values)}{_pair_text(entry, metric, places)})"
    lost = counts_text(entry.lost) if is_quality(metric) else ""
    return StyledText(text, lost, entry.best, "bad" if lost else "")


def _pair_text(entry: Entry, metric: str, places: int) -> str:
    return f": {', '.join(number(metric, value, places) for value in entry.values.values())}" if len(entry.values) == 2 else ""


def _missing_text(entry: Entry, metric: str) -> StyledText:
    if not is_quality(metric):
        return StyledText(DASH, tone="quiet")
    if entry.cannot:
        return StyledText("cannot", tone="quiet")
    if not entry.lost:
        return StyledText(DASH, tone="quiet")  # it ran, and has no such metric
    bad = entry.lost.keys() & {"failed", "diverged", "damaged"}
    text = next(iter(entry.lost)) if len(entry.lost) == 1 and sum(entry.lost.values()) == 1 else counts_text(entry.lost)
    return StyledText("not run" if entry.lost.keys() == {"not run"} else text, tone="bad" if bad else "quiet")


def counts_text(counts: Mapping[str, int]) -> str:
    """Seeds by status in words: "2 diverged, 1 not run"."""
    return ", ".join(f"{count} {status}" for status, count in counts.items())


TONES: dict[str, Tone] = {
    "better": "good",
    "worse": "bad",
    "higher": "quiet",
    "lower": "quiet",
    "not different": "quiet",
    "the same run": "quiet",
    "not comparable": "quiet",
    "not run": "quiet",
    "not tested": "quiet",
}


def comparisons_sheet(comparisons: Sequence[RowComparison], name: str = "Comparisons", claimed: int = 0) -> Sheet:
    """One line a comparison: difference, both p values, Holm's, and the verdict. `claimed`: tests that the claims add to their family."""
    has_columns = any(comparison.column for comparison in comparisons)
    heads = [Heading("row", numeric=False), Heading("against", numeric=False), *([Heading("column", numeric=False)] if has_columns else [])]
    p_values = {"seeds": [comparison.p_seeds for comparison in comparisons], "items": [comparison.p_items for comparison in comparisons]}
    if any(comparison.p_both is not None for comparison in comparisons):
        p_values["both"] = [comparison.p_both for comparison in comparisons]
    p_values["Holm"] = [comparison.p_holm for comparison in comparisons]
    heads += [Heading("difference"), Heading("verdict", numeric=False), *(Heading(f"p, {source}") for source in p_values)]
    notes = Counter(comparison.note for comparison in comparisons if comparison.difference is not None)
    common = next((note for note, count in notes.items() if note and 2 * count > notes.total()), "")
    rows = tuple(
        (
            StyledText(comparison.better),
            StyledText(comparison.worse),
            *([StyledText(comparison.column)] if has_columns else []),
            StyledText(DASH if comparison.difference is None else f"{signed_text(comparison.difference * scale(comparison.metric))}"),
            StyledText(comparison.verdict, "" if comparison.note == common else comparison.note, tone=TONES[comparison.verdict]),
            *(StyledText(p_text(p[i])) for p in p_values.values()),
        )
        for i, comparison in enumerate(comparisons)
    )
    metrics = ", ".join(dict.fromkeys(title(comparison.metric) for comparison in comparisons))
    tested = sum(comparison.p is not None for comparison in comparisons)
    family = f"{tested} comparison{'' if tested == 1 else 's'}" + (f" and {claimed} of the claims" if claimed else "")
    note = f"Difference of mean {metrics}: the row's less the other's. Holm's correction over {family}, 5%."
    lead = (
        "Where nothing else is said: "
        if len({comparison.note for comparison in comparisons if comparison.verdict != "not run"}) > 1
        else ""
    )
    common_text = f"{lead}{common}." if common else ""
    return Sheet(
        name,
        tuple(heads),
        rows,
        2 + has_columns,
        tuple(filter(None, (note, common_text[:1].upper() + common_text[1:]))) if comparisons else (),
    )


def signed_text(value: float | int) -> str:
    """Three figures with a sign; the minus is a true one."""
    if not math.isfinite(value):
        return DASH if math.isnan(value) else number("test.loss", value)
    places = decimals((), (value,)) - 1 if value else 0
    return f"{value:+.{max(places, 0)}f}".replace("-", "\N{MINUS SIGN}")
