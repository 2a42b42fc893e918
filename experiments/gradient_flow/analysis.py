"""What the report of gradient_flow adds: norms against the lag before and after training, beside what theory says."""

import math
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from research.analyses.analysis import Analysis, AnalysisPlace, AnalysisUnit, Measured, run_units, runnable_entries
from research.compare.cells import Manifest
from research.compare.number_texts import DASH
from research.config.mixer import LSTM
from research.report.section import Section
from research.report.sheets import Heading, Sheet, StyledText
from research.runs.analysis_files import Measurement
from research.runs.store import TRAINED_STATUSES, status_of

from .figures import kernel_picture, memory_picture, state_picture
from .flow import Flow, config_of, is_bare_layer, read_flows
from .summary import FLOOR, falls_under, far_share, mean, middle, slope, theory

LAG = 32  # at which tables name a norm
SMALL = 1e-3  # a norm that tables look for
SLOPE = "log norm, a step"
ENDED = (*TRAINED_STATUSES, "diverged", "failed")
STATE = (
    "<p>The Jacobian of a state by an earlier one is a product of one matrix a step, so its norm grows or shrinks by about the same factor "
    "at each step: a straight line in this plot. Linear units whose recurrent matrix is rho times an orthogonal one follow "
    "rho<sup>lag</sup> exactly; tanh units multiply by slopes of at most one besides, so the same line bounds them. Training moves the "
    "matrix, and the line with it.</p>"
)
MEMORY = (
    "<p>The memory c of an LSTM is multiplied by its forget gates and added to. Along this direct path the Jacobian is the product of the "
    "gates, and the forget bias sets where it begins. The whole block d c<sub>T</sub> / d c<sub>t</sub> has every path through the hidden "
    "state and the other gates too: a solid line above its dashed one is what these carry.</p>"
)
KERNEL = (
    "<p>The gradient by the recurrent matrix is a sum with one part for each time step at which the matrix is used. A step whose part is "
    "small is hardly learned from. The word to be remembered is the first input, at the right end of the plot: where the line is low "
    "there, training hears of it last. A state that is kept, as above, is not yet one that the loss depends on.</p>"
)


def applies(manifest: Manifest) -> bool:
    """Whether all cells are a bare layer."""
    return all(is_bare_layer(config_of(entry)) for entry in runnable_entries(manifest))


def units(manifest: Manifest, runs_dir: Path) -> Sequence[AnalysisUnit]:
    """Every run that came to its end; of one that diverged, the parameters that it began with."""
    return run_units(manifest, runs_dir, runnable_entries(manifest), ENDED)


def measure(unit: AnalysisUnit, place: AnalysisPlace) -> Measurement:
    """Norms [t b] before training and, where the run is done, after it."""
    from research.use.open_run import open_run

    from .jacobians import initial_parameters, parameter_norms

    config, seed = config_of(unit.entry), unit.seed or 0
    before = parameter_norms(config, initial_parameters(config, seed, place.data_dir), place.data_dir)
    after = {}
    if status_of(unit.folder) in TRAINED_STATUSES:
        after = parameter_norms(config, open_run(place.runs_dir, unit.run, place.data_dir).parameters, place.data_dir)
    named = {f"before.{name}": norms for name, norms in before.items()} | {f"after.{name}": norms for name, norms in after.items()}
    return Measurement(arrays=named)


def sections(manifest: Manifest, measured: Sequence[Measured]) -> Sequence[Section]:
    """Three sections: the state's Jacobian, the LSTM's memory, the gradient by time step. The first carries the numbers of claims."""
    flows = read_flows(measured)
    numbers = {flow.cell_id: claimed_numbers(flow) for flow in flows}
    memories = [flow for flow in flows if isinstance(flow.mixer, LSTM)]
    return (
        Section("Jacobian of the state", STATE, _state_sheet(flows), state_picture(flows), numbers),
        *((Section("Memory of the LSTM", MEMORY, _memory_sheet(memories), memory_picture(memories)),) if memories else ()),
        Section("Gradient by time step", KERNEL, _kernel_sheet(flows), kernel_picture(flows)),
    )


def claimed_numbers(flow: Flow) -> dict[int, dict[str, float]]:
    """The numbers that expected.json speaks of, by seed, all of them before training.

    theory_error_ppm: the largest |norm / rho^lag - 1| over lags and examples, in parts in a million. share_of_bound: the largest
    norm / rho^lag. cell_norm_at_32: of d c_T / d c_{T-32}, the mean over examples.
    """
    numbers_by_seed: dict[int, dict[str, float]] = {seed: {} for seed in flow.seeds}
    powers, memory = theory(flow), flow.before.get("cell")
    for i, numbers in enumerate(numbers_by_seed.values()):
        if powers is not None:
            ratio = flow.before["state"][i] / powers[:, None]
            numbers |= {"theory_error_ppm": 1e6 * float(np.abs(ratio - 1).max()), "share_of_bound": float(ratio.max())}
        if memory is not None and memory.shape[1] >= LAG:
            numbers["cell_norm_at_32"] = float(memory[i, LAG - 1].mean())
    return numbers_by_seed


def _state_sheet(flows: Sequence[Flow]) -> Sheet:
    rows = []
    for flow in flows:
        powers = theory(flow)
        expected = StyledText(DASH, tone="quiet") if powers is None else StyledText(_signed(math.log(powers[0])))
        rows.append((StyledText(flow.label), expected, *_columns(flow, ("state", _slope), ("state", _norm), ("state", _lag))))
    heads = _heads(("theory", SLOPE), SLOPE, f"norm at lag {LAG}", f"first lag under {SMALL:g}")
    notes = (
        "Theory: log rho. Exact for linear units before training, an upper bound for tanh units; none for the LSTM, whose state is (c, h).",
        f"Log norm, a step: the slope of the log norm over lags 1 to {flows[0].before['state'].shape[1]}.",
    )
    return Sheet("Jacobian of the state", heads, tuple(rows), 1, notes)


def _memory_sheet(flows: Sequence[Flow]) -> Sheet:
    columns = (("cell", _slope), ("direct", _slope), ("cell", _norm), ("direct", _norm))
    rows = tuple((StyledText(flow.label), StyledText(_signed(_log_opening(flow))), *_columns(flow, *columns)) for flow in flows)
    heads = _heads(("log sigmoid(bias)", ""), f"dc/dc: {SLOPE}", f"gates: {SLOPE}", f"dc/dc at lag {LAG}", f"gates at lag {LAG}")
    notes = (
        "Log sigmoid(bias): the log of a forget gate that reads nothing but its bias.",
        "Gates: the largest product of forget gates over the units, which is the norm of the direct path.",
    )
    return Sheet("Memory of the LSTM", heads, rows, 1, notes)


def _kernel_sheet(flows: Sequence[Flow]) -> Sheet:
    share = lambda norms: StyledText(f"{100 * far_share(norms, LAG):.1f}")
    last = lambda norms: StyledText(f"{mean(norms)[0]:.2g}")
    rows = tuple((StyledText(flow.label), *_columns(flow, ("kernel", share), ("kernel", last))) for flow in flows)
    heads = _heads(None, f"from more than {LAG} steps back, %", "last step's norm")
    note = "Shares are of the sum over time steps of the norms of their parts. The parts sum to the gradient; the norms do not."
    return Sheet("Gradient by time step", heads, rows, 1, (note,))


def _heads(single: tuple[str, str] | None, *groups: str) -> tuple[Heading, ...]:
    """The variant, a column of its own if there is a `single` (text, group), and a pair before | after for each group."""
    pairs = chain.from_iterable((Heading("before", group), Heading("after", group)) for group in groups)
    return (Heading("variant", numeric=False), *([Heading(*single)] if single else []), *pairs)


def _columns(flow: Flow, *columns: tuple[str, Callable[[Any], StyledText]]) -> tuple[StyledText, ...]:
    """A quantity before and after training, for each (quantity, function that writes it)."""
    absent = StyledText(DASH, tone="quiet")
    pairs = ((as_text(flow.before[name]), as_text(flow.after[name]) if flow.after else absent) for name, as_text in columns)
    return tuple(chain.from_iterable(pairs))


def _slope(norms: Any) -> StyledText:
    return StyledText(_signed(slope(norms)))


def _norm(norms: Any) -> StyledText:
    by_lag = middle(norms)
    if len(by_lag) < LAG:
        return StyledText(DASH, tone="quiet")
    return StyledText(f"{by_lag[LAG - 1]:.2g}" if by_lag[LAG - 1] > FLOOR else f"< {FLOOR:g}")


def _lag(norms: Any) -> StyledText:
    lag = falls_under(norms, SMALL)
    return StyledText("none" if lag is None else str(lag))


def _signed(value: float) -> str:
    return f"{value:+z.3f}".replace("-", "\N{MINUS SIGN}")


def _log_opening(flow: Flow) -> float:
    assert isinstance(flow.mixer, LSTM)
    return -math.log1p(math.exp(-flow.mixer.forget_bias))


ANALYSIS = Analysis("gradient_flow", "Jacobians and gradients by time step", False, applies, units, measure, sections)
