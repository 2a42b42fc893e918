"""The metrics: one entry for each number that is reported by name, and what names without an entry have in common with them."""

from collections.abc import Iterable

from research.metrics.alignments import ALIGNMENTS
from research.metrics.class_scores import CLASS_SCORES
from research.metrics.corpus_texts import TEXT_SCORES
from research.metrics.correlations import CORRELATIONS
from research.metrics.costs import COSTS
from research.metrics.diversity import DIVERSITIES
from research.metrics.losses import COPY_NATS, LOSS, LOSSES, PERPLEXITY, PSEUDO_PERPLEXITY
from research.metrics.metric_kind import ItemField, MadeOf, Metric, Scope, Statistic
from research.metrics.queries import QUERY_SCORES
from research.metrics.shares import ACCURACY, SHARES
from research.metrics.spans import SPAN_F1, SPAN_SCORES

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        *LOSSES,
        *SHARES,
        *CLASS_SCORES,
        *SPAN_SCORES,
        *CORRELATIONS,
        *TEXT_SCORES,
        *ALIGNMENTS,
        *DIVERSITIES,
        *QUERY_SCORES,
        *COSTS,
    )
}
COPIES = {"_misspelt": COPY_NATS}  # how names of metrics of the items' changed copies end, and the field that stands for that of the items
SUMMARIES = (PERPLEXITY.name, PSEUDO_PERPLEXITY.name, SPAN_F1.name, ACCURACY.name, LOSS.name)  # of a split in a line: the first it has
AT = "_at_"  # what parts a name from that of a group, or from a setting


def stem_of(name: str) -> str:
    """`accuracy` of `accuracy_at_negation`."""
    return name.split(AT)[0]


def entry_of(name: str) -> Metric | None:
    """The entry of a name without its split, or of what stands before `_at_` in it; None of a name that has none."""
    return METRICS.get(name) or METRICS.get(stem_of(name))


def statistic_of(name: str) -> Statistic | None:
    """How a metric is made of items; None of a group's metric, and of one that is not made of them."""
    if name in METRICS:
        return METRICS[name].statistic
    copied = next((field for ending, field in COPIES.items() if name.endswith(ending)), None)
    entry = entry_of(name)
    return None if copied is None or entry is None or entry.statistic is None else entry.statistic._replace(field=copied)


def alike(name: str) -> list[Metric]:
    """The entries that a name without one has something in common with."""
    return [metric for metric in METRICS.values() if metric.like and metric.like in stem_of(name)]


def in_scope(*scopes: Scope) -> tuple[str, ...]:
    """The names of the metrics of these scopes."""
    return tuple(metric.name for metric in METRICS.values() if metric.scope in scopes)


def fields_of_items() -> dict[str, ItemField]:
    """By name, every field that a metric is made of."""
    statistics: Iterable[Statistic] = (metric.statistic for metric in METRICS.values() if metric.statistic is not None)
    return {field.name: field for field in (*(statistic.field for statistic in statistics), *COPIES.values())}


def fields_made_of(source: MadeOf) -> tuple[str, ...]:
    """The names of the fields that are made of predictions, of written texts, or of several texts for one source."""
    return tuple(field.name for field in fields_of_items().values() if field.made_of == source)
