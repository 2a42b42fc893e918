"""Numbers of a comparison as they are read: spreads, p values, and what stands where there is none."""

from research.compare.statistics import Interval
from research.runs.measures import number, scale

DASH = "\N{EN DASH}"  # nothing to show


def spread_text(interval: Interval, metric: str, places: int) -> str:
    """± half its width; both ends where the sides differ, so that no share seems to reach beyond 100 %."""
    if interval.even:
        return f"± {interval.half * scale(metric):.{places}f}"
    return f"[{number(metric, interval.low, places)}, {number(metric, interval.high, places)}]"


def p_text(p: float | None) -> str:
    """A p value: three decimals, never a bare zero."""
    return DASH if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"
