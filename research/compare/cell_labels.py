"""How the values of axes are said, and how a text or a table of labels finds the cells that it means."""

from collections.abc import Mapping, Sequence

from research.config.errors import StepladderError, did_you_mean
from research.config.plain import Json
from research.config.value_labels import axis_titles, plain_label, row_label, value_text

Labels = Mapping[str, Json]


def label_text(labels: Labels, axes: Sequence[str]) -> str:
    """The values of these axes, in their order, numbers with their words: "scaled_dot, heads 4"."""
    return row_label(labels, axes)


def column_text(labels: Labels, axes: Sequence[str]) -> str:
    """The values of the columns' axes with their names: "heads 4"."""
    axis_labels = zip(axes, axis_titles(axes), strict=True)
    return ", ".join(f"{axis_title} {value_text(labels[axis])}" for axis, axis_title in axis_labels if axis in labels)


def place_text(labels: Labels, rows: Sequence[str], columns: Sequence[str]) -> str:
    """Row and column in one text, for figures and lists: "dot, heads 4"."""
    return ", ".join(filter(None, (label_text(labels, rows), column_text(labels, columns))))


def matches(labels: Labels, selector: str | Labels, rows: Sequence[str], columns: Sequence[str] = ()) -> bool:
    """Whether a cell with these labels is meant.

    A text is a row's label ("dot", or "dot, heads 4" of two axes, or "dot, 4"), a row's and a column's ("dot | 4"), the label of a
    `list`, or "axis=value, axis=value". A table names axes, by their full key or its last words, and values.
    """
    if isinstance(selector, str):
        row_texts, column_texts = ((row_label(labels, axes), plain_label(labels, axes)) for axes in (rows, columns))
        if selector in (*row_texts, labels.get("label"), *(f"{row} | {column}" for row in row_texts for column in column_texts)):
            return True
        pairs = [pair.split("=", 1) for pair in selector.split(",")]
        return all(len(pair) == 2 for pair in pairs) and _agree(labels, {key.strip(): value.strip() for key, value in pairs})
    return _agree(labels, selector)


def _agree(labels: Labels, selector: Labels) -> bool:
    def agrees(key: str, value: Json) -> bool:
        matching = [labels[axis] for axis in labels if axis == key or axis.endswith(f".{key}") or axis.endswith(f".{key}.kind")]
        return len(matching) == 1 and (value_text(matching[0]) == value_text(value) or _number(matching[0]) == _number(value) is not None)

    return all(agrees(key, value) for key, value in selector.items())


def _number(value: Json) -> float | None:
    """What a value is as a number, however it is written: 0.0005 and "5e-4" are one."""
    try:
        return float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except ValueError:
        return None


def find_indices(
    cell_labels: Sequence[Labels], selector: str | Labels, rows: Sequence[str], columns: Sequence[str] = (), where: str = "the spec"
) -> tuple[int, ...]:
    """Which of the cells are meant; StepladderError with the nearest row if none is."""
    indices = tuple(i for i, labels in enumerate(cell_labels) if matches(labels, selector, rows, columns))
    if not indices:
        selector_text = value_text(selector)
        row_texts = list(dict.fromkeys(label_text(labels, rows) for labels in cell_labels))
        hint = did_you_mean(selector_text, row_texts) or "."
        raise StepladderError(f"{where} names {selector_text!r}, which is no row{hint} The rows are: {'; '.join(row_texts)}.")
    return indices


__all__ = ["axis_titles", "column_text", "find_indices", "label_text", "matches", "place_text", "value_text"]
