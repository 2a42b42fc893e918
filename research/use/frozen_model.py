"""A trained model that is left as it is, and what its probes share: how far it reads, the study that they make, its figure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, PyTree

from research.compare.item_tests import item_interval
from research.compare.statistics import Interval, Items
from research.config.errors import StepladderError
from research.config.model_facts import model_facts
from research.config.schema import Config
from research.config.serialise import to_tree
from research.config.sweep import TableLayout
from research.data.dataset import Dataset
from research.models.layers import layer_names
from research.report.pictures import Picture
from research.report.plots import Series, line_plot
from research.report.section import Section
from research.report.study import Study, StudyCell
from research.tasks.registry import model_sizes
from research.use.open_run import OpenRun


class Frozen(NamedTuple):
    """A trained model. `start`: what stands before a sentence, the line's end of a language model; None where nothing does."""

    config: Config
    params: PyTree
    data: Dataset  # that it was trained on
    start: int | None


def frozen_model(run: OpenRun) -> Frozen:
    """The model of a run. Raises StepladderError for one without layers, and for one whose symbols are no words."""
    layer_names(run.config.model)
    of_sentences = run.config.data.asks in ("classes", "tags")
    if not of_sentences and run.data.eos is None:
        raise StepladderError(
            f"{run.cell_id} was trained on {run.config.data.kind}, whose symbols are no words; name a run on text or sentences."
        )
    return Frozen(run.config, run.parameters, run.data, None if of_sentences else run.data.eos)


def reach(frozen: Frozen) -> int | None:
    """How many symbols of a sentence its positions reach; None where they have no end."""
    if not model_facts(frozen.config.model).ends(frozen.config.model):
        return None
    return model_sizes(frozen.config, frozen.data).length - (frozen.start is not None)


def probe_study(
    run: OpenRun, config: Config, overrides: Sequence[str], digest: str, table: TableLayout, cells: Sequence[StudyCell], picture: Picture
) -> Study:
    """The study of a probe. `config`: that of what is told."""
    request = {"run": run.cell_id, "seed": run.folder.name, "data": to_tree(config)["data"]}
    return Study(
        name=f"probe_{run.cell_id}",
        question=f"What does each layer of {run.cell_id} ({run.config.model.kind}) know of {config.data.kind}?",
        preset="",
        settings=request,
        digest=digest,
        table=table,
        metric="test.accuracy",
        cells=tuple(cells),
        sections=(Section("By layer", picture=picture),),
        command=" ".join(["stepladder probe", f"{run.cell_id}/{run.folder.name}", *overrides]),
    )


def accuracy_figure(cell_id: str, layers: Sequence[Items], levels: Mapping[str, Items], band: str) -> Picture:
    """The accuracy of each layer's probe, from the embedding up, beside rows that no layer has. `band`: what its band is."""
    mean, low, high = (100 * np.array([_accuracy_interval(items) for items in layers])).T
    x = np.arange(len(layers))
    others = [Series(name, x, [100 * _accuracy(items)] * len(x), kind="level") for name, items in levels.items()]
    series = [Series("probe", x, mean, low, high), *others]
    caption = f"Layer 0 is the embedding. Band: {band}"
    return line_plot(f"probe_{cell_id}", "Accuracy of a linear probe by layer", series, "layer", "accuracy, %", caption, x_ticks=x)


def _accuracy(items: Items) -> float:
    correct: Float64[np.ndarray, " n"] = np.asarray(items.fields["correct"], float)
    return float(correct.sum() / items.tokens.sum())


def _accuracy_interval(items: Items) -> Interval:
    """The share of right answers with its interval; none of a single item."""
    share = _accuracy(items)
    return item_interval(items, "accuracy", share) or Interval(share, share, share)
