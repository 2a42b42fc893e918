"""How much several texts for one source differ: means over the sources."""

from research.metrics.metric_kind import Metric, ratio, stored_field


def _distinct(n: int) -> Metric:
    name = f"distinct_{n}"
    statistic = ratio(stored_field(name, "shares", "several texts"), "items")
    return Metric(name, f"distinct-{n}", 1, (0.0, 1.0), "number", "split", "text", "distinct", "group", statistic, measured=True)


SELF_BLEU = Metric(
    name="self_bleu",
    title="self-BLEU",
    direction=-1,
    bounds=(0.0, 100.0),
    written="points",
    scope="split",
    compares="text",
    like="self_bleu",
    at="group",
    statistic=ratio(stored_field("self_bleu", "shares", "several texts"), "items"),
    measured=True,
)
DIVERSITIES = (_distinct(1), _distinct(2), _distinct(3), SELF_BLEU)
