"""What is known of a cell before it is run, what a run counts, and what it costs: no outcomes, so that none has a direction."""

import math

from research.metrics.metric_kind import Metric, Scope, Written


def _figure(name: str, title: str, scope: Scope, written: Written = "quantity") -> Metric:
    return Metric(name, title, 0, (-math.inf, math.inf), written, scope, "targets", "", "group", None, measured=False)


COSTS = (
    _figure("params", "parameters", "cell"),
    _figure("params.total", "parameters", "cell"),
    _figure("params.body", "body parameters", "cell"),
    _figure("flops_per_token", "FLOPs/token", "cell"),
    _figure("training_flops", "training FLOPs", "cell"),
    _figure("trials", "trials", "cell", "count"),
    _figure("tokens_seen", "tokens seen", "run"),
    _figure("steps", "steps", "run", "count"),
    _figure("best_step", "best step", "run", "count"),
    _figure("seconds", "core-seconds", "cost"),
    _figure("seconds.compile", "compile, core-s", "cost"),
    _figure("seconds.train", "train, core-s", "cost"),
    _figure("seconds.evaluate", "evaluate, core-s", "cost"),
    _figure("tokens_per_second", "tokens/s", "cost"),
    _figure("latency_ms", "latency, ms", "cost"),
    _figure("peak_memory_mb", "memory, MB", "cost"),
)
