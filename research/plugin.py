"""What a file of the user's calls to add a kind of its own: an entry as ours are, and the config class by which TOML names it.

    from research.plugin import register_score

    class Sharp(ScoreConfig): ...
    register_score(Sharp, ScoreKind(...))

Entries are added to the registries that ours stand in, so that nothing that reads those needs to know of plugins.
"""

import inspect
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from research.config.data_kind import DataConfig
from research.config.kinds import add_kind, class_place, kind_of, refuse_taken
from research.config.mixer import AttentionConfig
from research.config.node import Node
from research.config.registrations import REGISTRATIONS, Registration, Undo, registered_place

if TYPE_CHECKING:
    from research.data.source_kind import SourceKind
    from research.metrics.metric_kind import Metric
    from research.nn.mixers import MixerKind
    from research.nn.positions import PositionKind
    from research.nn.recurrent_cells import CellKind
    from research.nn.score_functions import ScoreKind
    from research.tasks.task_kind import TaskKind

Name = TypeVar("Name")
Entry = TypeVar("Entry")


def register_mixer(config: type[Node], entry: "MixerKind") -> None:
    """`model.mixer.kind` may be this kind. Raises StepladderError where its name is taken."""
    from research.nn.mixers import MIXERS

    _register("mixer", config, ("mixer",), lambda: [_put(MIXERS, config, entry)])


def register_cell(config: type[Node], entry: "CellKind") -> None:
    """`model.mixer.kind`, and the cell of an encoder or a decoder, may be this kind. Raises StepladderError where its name is taken."""
    from research.nn.mixers import MIXERS, recurrent_mixer
    from research.nn.recurrent_cells import CELLS

    _register("cell", config, ("cell", "mixer"), lambda: [_put(CELLS, config, entry), _put(MIXERS, config, recurrent_mixer(entry))])


def register_score(config: type[Node], entry: "ScoreKind") -> None:
    """The score of any attention may be this kind. Raises StepladderError where its name is taken."""
    from research.nn.mixers import MIXERS, attention_float32
    from research.nn.score_functions import SCORES

    def put() -> list[Undo]:
        added = _put(SCORES, config, entry)
        set_float32()
        return [set_float32, added]  # undone from the last on

    def set_float32() -> None:
        MIXERS[AttentionConfig] = MIXERS[AttentionConfig]._replace(float32=attention_float32())

    _register("score", config, ("score",), put)


def register_position(config: type[Node], entry: "PositionKind") -> None:
    """`model.position.kind` may be this kind. Raises StepladderError where its name is taken."""
    from research.nn.positions import POSITIONS

    _register("position", config, ("position",), lambda: [_put(POSITIONS, config, entry)])


def register_dataset(config: type[DataConfig], entry: "SourceKind") -> None:
    """`data.kind` may be this kind. Raises StepladderError where its name is taken."""
    from research.config.merge import DATA_KINDS, INAPPLICABLE, inapplicable_to
    from research.data.loading import SOURCE_KINDS

    kind, meaningless = kind_of(config) or "", INAPPLICABLE["data", "kind"]

    def put() -> list[Undo]:
        return [_put(SOURCE_KINDS, config, entry), _put(DATA_KINDS, kind, config), _put(meaningless, kind, inapplicable_to(config))]

    _register("dataset", config, ("dataset",), put)


def register_task(config: type[Node], entry: "TaskKind") -> None:
    """`task.kind` of a text may be this kind. Raises StepladderError where its name is taken."""
    from research.tasks.registry import TASKS

    kind = kind_of(config) or ""
    if kind in TASKS and registered_place("task", kind) is None:
        refuse_taken("task", kind, inspect.getfile(TASKS[kind].loss), class_place(config))
    _register("task", config, ("task",), lambda: [_put(TASKS, kind, entry)])


def register_metric(metric: "Metric") -> None:
    """A number that is reported by this name. Raises StepladderError where the name is taken."""
    from research.metrics import registry

    place = _caller()
    if metric.name in registry.METRICS:
        refuse_taken("metric", metric.name, registered_place("metric", metric.name) or str(registry.__file__), place)
    undo = _put(registry.METRICS, metric.name, metric)
    REGISTRATIONS.append(Registration("metric", metric.name, place, undo))


def _register(family: str, config: type[Node], unions: Sequence[str], put: Callable[[], Sequence[Undo]]) -> None:
    """Add a config class to the unions of its families and its entries to their tables: all of it, or nothing."""
    with ExitStack() as undo:
        for union in unions:
            undo.callback(add_kind(union, config))
        for step in put():
            undo.callback(step)
        REGISTRATIONS.append(Registration(family, kind_of(config) or "", class_place(config), undo.pop_all().close))


def _put(table: dict[Name, Entry], name: Name, entry: Entry) -> Undo:
    """Set an entry, and return what sets the old one again."""
    old = table.get(name)
    table[name] = entry

    def undo() -> None:
        if old is None:
            table.pop(name, None)
        else:
            table[name] = old

    return undo


def _caller() -> str:
    """The file and the line that called a function of this module."""
    frame = next(frame for frame in inspect.stack()[1:] if Path(frame.filename) != Path(__file__))
    return f"{frame.filename}, line {frame.lineno}"
