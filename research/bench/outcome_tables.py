"""Outcomes for people and for programs."""

import math
import os
import platform
from collections.abc import Sequence

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from research.bench.benchmarks import OURS, benchmark_of
from research.bench.rounds import CaseResult, SideResult, TimeRatio, best_peer, peer_ratios, share_of_peak
from research.bench.sizes import CaseSizes, GrowthSizes, describe_sizes
from research.bench.verdict import Verdict, aim_verdicts
from research.config.plain import Json, Tree
from research.machine import available_cores

STYLES = {"met": "green", "not met": "red", "open": "yellow"}
DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"


def results_as_json(outcomes: Sequence[CaseResult], repeats: int) -> Tree:
    """Everything that was measured, as one JSON object. Seconds are of a unit; ratios are a peer's seconds over ours."""
    machine: Tree = {"processor": platform.processor() or platform.machine(), "cores": available_cores(), "load": os.getloadavg()[0]}
    return {"machine": machine, "repeats": repeats, "cases": [_case_data(outcome) for outcome in outcomes]}


def print_outcome(outcome: CaseResult, console: Console) -> None:
    """A case: what it is, its aims, a table of its sides, and what is missing or failed."""
    benchmark, case = benchmark_of(outcome.case), outcome.case
    grows = isinstance(case.sizes, GrowthSizes)
    lines = [Text(case.name, "bold"), *_verdict_lines(outcome), Text(_what(outcome), "dim")]
    notes = [Text(f"{side.name} {side.status}: {side.message}", _style_of(side)) for side in outcome.sides if side.status != "measured"]
    table = _growth_table(outcome) if grows else _table(outcome, benchmark.kind == "process")
    console.print(Group(*lines, Padding(table, (0, 0, 0, 1)), *notes, Text()), highlight=False)


def seconds_text(seconds: float) -> str:
    """Three figures, in the unit that suits: 0.0123 -> 12.3 ms."""
    scaled, unit = (seconds * 1e6, "µs") if seconds < 1e-3 else (seconds * 1e3, "ms") if seconds < 1 else (seconds, "s")
    return f"{scaled:,.0f} {unit}" if scaled >= 100 else f"{scaled:#.3g} {unit}"


def exponents(outcome: CaseResult, numbers: Sequence[float | None]) -> list[float | None]:
    """For each row, p where the numbers grow as size^p from the row before; None where there is no such row."""
    sizes = [int(name) for name in outcome.case.sides]
    powers: list[float | None] = [None]
    for i in range(1, len(numbers)):
        previous, current = numbers[i - 1], numbers[i]
        powers.append(math.log(current / previous) / math.log(sizes[i] / sizes[i - 1]) if previous and current else None)
    return powers


def _what(outcome: CaseResult) -> str:
    benchmark, sizes = benchmark_of(outcome.case), describe_sizes(outcome.case.sizes)
    peak = f"; this machine's peak {outcome.peak / 1e9:.0f} GFLOP/s" if outcome.peak else ""
    return f"{benchmark.what}{': ' if sizes else ''}{sizes}{peak}"


def _verdict_lines(outcome: CaseResult) -> list[Text]:
    lines = []
    best, measured = best_peer(outcome), peer_ratios(outcome)
    if best in measured:
        reached = measured[best]
        lines.append(Text(f"{reached.median:.2f} {TIMES} the best peer, {best} ({reached.low:.2f} to {reached.high:.2f})"))
    for verdict in aim_verdicts(outcome):
        line = f"aim {verdict.aim.replace(' x ', f' {TIMES} ')}: {verdict.status}{f' ({verdict.reason})' if verdict.reason else ''}"
        lines.append(Text(line, STYLES[verdict.status]))
    return lines


def _table(outcome: CaseResult, processes: bool) -> Table:
    """A row a side; columns of which no side has a figure are left out."""
    measured, all_ratios, tokens = [s for s in outcome.sides if s.status == "measured"], peer_ratios(outcome), outcome.case.tokens
    columns: list[tuple[str, list[str]]] = [
        ("median", [seconds_text(side.median) for side in measured]),
        ("peer / ours", [_ratio_text(all_ratios.get(side.name)) for side in measured]),
        ("tokens/s", [f"{tokens / side.median:,.0f}" if tokens else "" for side in measured]),
        ("of peak", [_percent(share_of_peak(outcome, side)) for side in measured]),
        ("compile", [seconds_text(side.warm_up_seconds) if side.warm_up_seconds else "" for side in measured]),
        ("memory", [_megabytes(side.peak_memory_mb) for side in measured]),
    ]
    table = _empty_table("side")
    filled_columns = [(title, texts) for title, texts in columns if any(texts)]
    for title, _ in filled_columns:
        table.add_column(title, justify="right", no_wrap=True)
    for i, side in enumerate(measured):
        table.add_row(side.name, *(texts[i] for _, texts in filled_columns), style="bold" if side.name == OURS else "")
    return table


def _growth_table(outcome: CaseResult) -> Table:
    sizes = outcome.case.sizes
    assert isinstance(sizes, GrowthSizes)
    seconds = [side.median if side.seconds else None for side in outcome.sides]
    memory = [None if side.activation_bytes is None else float(side.activation_bytes) for side in outcome.sides]
    table = _empty_table(sizes.along)
    for title in ("a step", "grows as", "activations", "grows as", "of peak", "compile"):
        table.add_column(title, justify="right", no_wrap=True)
    rows = zip(outcome.sides, seconds, exponents(outcome, seconds), memory, exponents(outcome, memory), strict=True)
    for side, step_seconds, time_exponent, activation_bytes, memory_exponent in rows:
        table.add_row(
            f"{int(side.name):,}",
            seconds_text(step_seconds) if step_seconds else DASH,
            _power(time_exponent),
            _megabytes(activation_bytes / 2**20 if activation_bytes else None),
            _power(memory_exponent),
            _percent(share_of_peak(outcome, side)),
            seconds_text(side.warm_up_seconds) if side.warm_up_seconds else "",
        )
    return table


def _empty_table(first: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    table.add_column(first, no_wrap=True)
    return table


def _ratio_text(ratio: TimeRatio | None) -> str:
    return f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})" if ratio else ""


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def _megabytes(amount: float | None) -> str:
    if amount is None:
        return ""
    return f"{amount:,.0f} MB" if amount >= 10 else f"{amount:.1f} MB"


def _power(exponent: float | None) -> str:
    return "" if exponent is None else f"n^{exponent:.2f}"


def _style_of(side: SideResult) -> str:
    return "red" if side.status == "failed" else "yellow"


def _case_data(outcome: CaseResult) -> Tree:
    benchmark, case = benchmark_of(outcome.case), outcome.case
    return {
        "case": case.name,
        "what": benchmark.what,
        "unit": benchmark.unit,
        "sizes": _plain(case.sizes),
        "units_a_round": case.units,
        "flops_of_unit": outcome.flops,
        "peak_flops_per_second": outcome.peak,
        "best_peer": best_peer(outcome),
        "aims": [_verdict_data(verdict) for verdict in aim_verdicts(outcome)],
        "sides": [_side_data(outcome, side) for side in outcome.sides],
    }


def _side_data(outcome: CaseResult, side: SideResult) -> Tree:
    if side.status != "measured":
        return {"name": side.name, "status": side.status, "message": side.message}
    ratio, tokens = peer_ratios(outcome).get(side.name), outcome.case.tokens
    return {
        "name": side.name,
        "status": side.status,
        "seconds": list(side.seconds),
        "median_seconds": side.median,
        "ratio": ratio and ratio._asdict() | {"of_medians": side.median / outcome.side(OURS).median},
        "tokens_per_second": tokens and tokens / side.median,
        "share_of_peak": share_of_peak(outcome, side),
        "warm_up_seconds": side.warm_up_seconds,
        "peak_memory_mb": side.peak_memory_mb,
        "activation_bytes": side.activation_bytes,
    }


def _verdict_data(verdict: Verdict) -> Tree:
    return {"aim": verdict.aim, "status": verdict.status, "reason": verdict.reason}


def _plain(value: CaseSizes | Json) -> Json:
    if isinstance(value, CaseSizes):
        return {key: _plain(part) for key, part in value._asdict().items()}
    return value
