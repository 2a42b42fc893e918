"""The words for what is measured: how a metric's name is looked up, which way is better, and how its number is written."""

import math
from collections.abc import Iterable

from research.config.errors import StepladderError, did_you_mean
from research.metrics.metric_kind import Written
from research.metrics.registry import AT, METRICS, alike, entry_of, in_scope, stem_of
from research.runs.records import Result
from research.runs.store import INFINITE

ERRORS = ("error",)  # how names that no entry has may begin, whose numbers are the better the lower they are
SUFFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def measure_names(results: Iterable[Result]) -> set[str]:
    """Every name that `metric_value` can look up in these results."""
    names = {*in_scope("cell", "run", "cost")}
    for result in results:
        names |= {f"{split}.{name}" for split, values in result.get("metrics", {}).items() for name in values}
        names |= {f"extra.{name}" for name in result.get("extra", {})}
    return names


def check_measure(name: str, results: list[Result]) -> None:
    """A metric that no finished run has, though some finished, is a mistake in its name. Of test none is known before a choice."""
    names = measure_names(results)
    untested = all("test" not in result.get("metrics", {}) for result in results)
    if not results or base_name(name) in names or (untested and split_name(name)[0] == "test"):
        return
    offered_names = [other_name for other_name in sorted(names) if "_at_" not in other_name]
    hint = did_you_mean(name, names) or "."
    raise StepladderError(f"No run has the metric {name!r}{hint} There are: {', '.join(offered_names)}.")


def base_name(name: str) -> str:
    """`best_seed.test.accuracy` asks for the best seed's test.accuracy."""
    return name.removeprefix("best_seed.")


def metric_value(result: Result, name: str) -> float | None:
    """The number in a result.json, such as `valid.perplexity`, `extra.weight`, `seconds.train`; None if it has none.

    `seconds` are core-seconds of compiling and training. Sources: metrics, extra, cost, and the run's own counts.
    """
    prefix, _, suffix = name.partition(".")
    if prefix in result.get("metrics", {}):
        return _number(result["metrics"][prefix].get(suffix))
    if prefix in ("extra", "params"):
        numbers = result.get("extra") if prefix == "extra" else result.get("params")
        return _number((numbers or {}).get(suffix or "total"))
    cost = result.get("cost", {})
    if prefix == "seconds":
        seconds = cost.get("seconds", {})
        parts = [seconds.get(part) for part in ((suffix,) if suffix else ("compile", "train"))]
        return None if all(part is None for part in parts) else sum(part or 0.0 for part in parts)
    return _number(cost.get(name, result.get(name)))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not math.isnan(value) else None


def split_name(name: str) -> tuple[str, str]:
    """("test", "perplexity") of `test.perplexity`; ("", name) where no split is named."""
    prefix, _, suffix = base_name(name).partition(".")
    return (prefix, suffix) if suffix and prefix in ("train", "valid", "test", "extra") else ("", base_name(name))


def on_validation(name: str) -> str:
    """The same metric of the validation split."""
    return f"valid.{split_name(name)[1]}"


PROMPTS = "_at_prompts"  # how the names of a prompt set's metrics end


def scored_name(name: str) -> tuple[str, str]:
    """The items that a metric is a statistic of: ("prompts", "perplexity") of `test.perplexity_at_prompts`, else as `split_name`."""
    split, short_name = split_name(name)
    return ("prompts", short_name.removesuffix(PROMPTS)) if split and short_name.endswith(PROMPTS) else (split, short_name)


def is_headline(name: str) -> bool:
    """Whether it is of all that was scored, or was asked for: not of a group, such as `accuracy_at_negation`, `bleu_at_10_to_14`."""
    stem, _, group = name.partition(AT)
    return not group or name.endswith(PROMPTS) or any(stem.startswith(metric.like) for metric in METRICS.values() if metric.at == "setting")


def direction(name: str) -> int:
    """-1: lower is better; 1: higher is; 0: neither is known to be (a cost, a count), so none is in bold.

    A name that has no entry is told by those that have one: see `Metric.like`.
    """
    split, short_name = split_name(name)
    if not split or split == "extra":
        return 0
    entry, stem = entry_of(short_name), stem_of(short_name)
    if entry is not None:
        return entry.direction
    kin = alike(short_name)
    if stem.startswith(ERRORS) or any(metric.direction < 0 and stem.startswith(metric.like) for metric in kin):
        return -1
    return int(any(metric.direction > 0 for metric in kin))


def bounds(name: str) -> tuple[float, float]:
    """The least and the greatest value that it can have: of shares 0 and 1, of BLEU and its like 0 and 100, of correlations -1 and 1, of
    losses 0 and infinity.
    """
    sign, short_name = direction(name), split_name(name)[1]
    if not sign:
        return -math.inf, math.inf
    entry = entry_of(short_name)
    if entry is not None:
        return entry.bounds
    return min((metric.bounds[0] for metric in alike(short_name)), default=0.0), 1.0 if sign > 0 else math.inf


def is_quality(name: str) -> bool:
    """Whether it is an outcome with an interval, not a cost."""
    return bool(split_name(name)[0])


def is_percentage(name: str) -> bool:
    """Shares are kept as fractions and shown in per cent."""
    split, short_name = split_name(name)
    return split != "extra" and _is_written(short_name, "per cent")


def _is_written(short_name: str, written: Written) -> bool:
    entry = entry_of(short_name)
    return entry is not None and entry.written == written


def title(name: str) -> str:
    """How a table's head says it."""
    split, short_name = split_name(name)
    stem, _, group = short_name.partition(AT)
    words = METRICS[stem].title if stem in METRICS else stem.replace("_", " ").replace(".", " ")
    words += (f" at {group.replace('_', ' ')}" if group else "") + (", %" if is_percentage(name) else "")
    text = f"{split} {words}" if split in ("train", "valid", "test") else words
    return f"best seed: {text}" if name.startswith("best_seed.") else text


def decimals(halves: Iterable[float], values: Iterable[float]) -> int:
    """Decimals of a column: two significant figures of its middle half-width, or four of its smallest value where none is above zero."""
    half_widths = sorted(half for half in halves if half > 0 and math.isfinite(half))
    if half_widths:
        return min(4, max(0, 1 - math.floor(math.log10(half_widths[len(half_widths) // 2]))))
    sizes = [abs(value) for value in values if value and math.isfinite(value)]
    return min(4, max(0, 3 - math.floor(math.log10(min(sizes))))) if sizes else 0


def decimals_of(name: str, halves: Iterable[float], values: Iterable[float]) -> int:
    """Decimals of a metric's column: one of BLEU and its like, or as many as their middle half-width needs to be more than zero."""
    if not _is_written(split_name(name)[1], "points"):
        return decimals(halves, values)
    return max(1, decimals(halves, ()) - 1)


def scale(name: str) -> float:
    """What a number is multiplied with to be shown."""
    return 100.0 if is_percentage(name) else 1.0


def human_units(value: float | int) -> str:
    """Three figures and k, M, G or T: 1234567 is 1.23 M."""
    for size, suffix in SUFFIXES:
        if abs(value) >= size * 0.9995:
            return f"{_three_figures(value / size)} {suffix}"
    return f"{int(value)}" if float(value).is_integer() else _three_figures(value)


def _three_figures(value: float | int) -> str:
    size = abs(value)
    return f"{value:.0f}" if size >= 99.95 else f"{value:.1f}" if size >= 9.995 else f"{value:.2f}"


def significant_figures(value: float | None, digits: int = 5) -> str:
    """So many significant figures of a number for a line of text; a dash for what is missing."""
    if value is None or math.isnan(value):
        return "\N{EN DASH}"
    return f"{value:.{digits}g}" if math.isfinite(value) else number("test.loss", value)


def number(name: str, value: float | int, places: int | None = None) -> str:
    """A number as text: counts in human units, outcomes to `places` decimals; no number has infinitely many digits."""
    if math.isinf(value):
        return INFINITE if value > 0 else f"\N{MINUS SIGN}{INFINITE}"
    if name in METRICS and METRICS[name].written == "count":
        return f"{value:,.0f}"
    if not is_quality(name):
        return human_units(value)
    return f"{value * scale(name):.{decimals_of(name, (), (value * scale(name),)) if places is None else places}f}"
