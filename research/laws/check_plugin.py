"""The standing laws on all that a file of the user's registers: which hold, and the smallest input that shows where one does not."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from research.config.errors import StepladderError, did_you_mean
from research.config.kinds import MEMBERS, kind_of
from research.config.plain import Json
from research.config.plugin_source import read_plugin
from research.config.plugins import load_plugin
from research.config.registrations import Registration
from research.laws.dataset_laws import check_dataset
from research.laws.law import LawResult
from research.laws.metric_laws import check_metric
from research.laws.mixer_checks import check_cell, check_mixer, check_position, check_score
from research.laws.task_laws import check_task
from research.metrics.registry import METRICS

OF_KINDS = {
    "mixer": check_mixer,
    "cell": check_cell,
    "score": check_score,
    "position": check_position,
    "dataset": check_dataset,
    "task": check_task,
}


class CheckedEntry(NamedTuple):
    """An entry, and what became of each law."""

    kind: str
    name: str
    laws: tuple[LawResult, ...]

    @property
    def holds(self) -> bool:
        """Whether every law does."""
        return all(law.holds for law in self.laws)


def check_plugin(path: Path, only: str | None = None, started: Callable[[Registration], None] | None = None) -> tuple[CheckedEntry, ...]:
    """The laws of each entry that a file registers, or of those that are called `only`. Who names the file allows it.

    `started`: told of each entry before its laws are tried. Raises StepladderError for a file that does not import or registers nothing.
    """
    registered = load_plugin(read_plugin(path), allow=True).registrations
    if not registered:
        raise StepladderError(
            f"{path} registers nothing: it calls none of register_mixer, register_cell, register_score, register_position, "
            "register_dataset, register_task and register_metric of research.plugin. docs/plugins.md shows how."
        )
    chosen = [entry for entry in registered if only in (None, entry.name)]
    if not chosen:
        names = [entry.name for entry in registered]
        raise StepladderError(
            f"--only {only}: {path} does not register it{did_you_mean(str(only), names) or ';'} It has {', '.join(names)}."
        )
    checked = []
    for entry in chosen:
        if started is not None:
            started(entry)
        checked.append(CheckedEntry(entry.family, entry.name, tuple(_check(entry))))
    return tuple(checked)


def checked_plugin_data(path: Path, checked: tuple[CheckedEntry, ...]) -> dict[str, Json]:
    """As JSON: {file, entries: [{kind, name, laws: [{law, holds, shows}]}]}."""
    entries: list[Json] = [{"kind": entry.kind, "name": entry.name, "laws": [law._asdict() for law in entry.laws]} for entry in checked]
    return {"file": str(path), "entries": entries}


def _check(entry: Registration) -> list[LawResult]:
    if entry.family == "metric":
        return check_metric(METRICS[entry.name])
    node = next(node for node in MEMBERS[entry.family] if kind_of(node) == entry.name)
    return OF_KINDS[entry.family](node)
