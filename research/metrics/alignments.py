"""What attention looks at, of a task whose alignment is known: means over the pairs, of which nothing is kept by item."""

import math

from research.metrics.metric_kind import Metric

ALIGNMENTS = (
    Metric(
        "alignment_accuracy", "alignment accuracy", 1, (0.0, 1.0), "number", "split", "targets", "accuracy", "group", None, measured=False
    ),
    Metric(
        "alignment_entropy", "alignment entropy", 0, (-math.inf, math.inf), "number", "split", "targets", "", "group", None, measured=False
    ),
)
