"""The choices that another preset made: a committed file of rows with their values, as a report of a tuned sweep writes it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NotRequired, TypedDict

from research.config.errors import StepladderError, did_you_mean
from research.config.plain import Tree
from research.config.value_labels import named_values


class ChosenRow(TypedDict):
    """What was chosen for a row, in which cell, and the mean of every trial by its cell's id."""

    values: Tree
    cell_id: str
    trials: Mapping[str, float | None]
    rungs: NotRequired[str]  # where it was halved: how many values were trained for how long


class Choices(TypedDict):
    """What a tuned sweep chose, by which command and metric, for each row by its name."""

    command: str
    select: str
    rows: Mapping[str, ChosenRow]


def read_choices(file: Path, where: str) -> Choices:
    """The file. Raises StepladderError where it is not there or holds no choices."""
    try:
        choices: Choices = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StepladderError(
            f"{where}, sweep.tuned_by: there is no file {file}. The report of a tuned sweep writes it as choices.json; copy it there."
        ) from None
    except OSError as error:
        raise StepladderError(f"{where}, sweep.tuned_by: {file} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise StepladderError(f"{where}, sweep.tuned_by: {file} is not JSON: {error}.") from None
    if not isinstance(choices, dict) or not isinstance(choices.get("rows"), dict):
        raise StepladderError(f"{where}, sweep.tuned_by: {file} holds no choices; the report of a tuned sweep writes them as choices.json.")
    return choices


def chosen_values(choices: Choices, row: str, where: str) -> Tree:
    """What was chosen for a row, by dotted key. Raises StepladderError for a row that is not in the file."""
    rows = choices["rows"]
    if row not in rows:
        hint = did_you_mean(row, rows) or "."
        raise StepladderError(
            f"{where}, sweep.tuned_by: the row {row} was not tuned by `{choices.get('command', '')}`{hint} Its rows are {', '.join(rows)}; "
            "run it with this row too, and commit its choices."
        )
    return rows[row]["values"]


def choices_text(choices: Choices) -> str:
    """By which command, in how many trials, what was chosen, and which cells those are."""
    rows = choices["rows"]
    counts = sorted({len(entry["trials"]) for entry in rows.values() if entry["values"]})
    n = " to ".join(map(str, dict.fromkeys((counts[0], counts[-1])))) if counts else "no"
    chosen = "; ".join(f"{row}: {named_values(entry['values'])} ({entry['cell_id']})" for row, entry in rows.items() if entry["values"])
    untuned = [row for row, entry in rows.items() if not entry["values"]]
    untuned_text = f". Not tuned there: {', '.join(untuned)}" if untuned else ""
    halved = "; ".join(dict.fromkeys(entry["rungs"] for entry in rows.values() if "rungs" in entry))
    trials_text = f"{n} trials a row{f' ({halved})' if halved else ''}"
    return f"`{choices['command']}` chose by the best mean {choices['select']} of {trials_text}, {chosen}{untuned_text}"
