"""The figures of gradient_flow: a row of panels a family of cells, before training on the left and after it on the right."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from research.config.mixer import LSTM, Elman
from research.report.panels import Panel, panel_plot
from research.report.pictures import Picture
from research.report.plots import Series

from .flow import EXAMPLES, Flow
from .summary import middle, theory

SHOWN = (1e-10, 1e5)
TINY = 1e-37  # where a band ends whose least value is zero
WHEN = ("before", "after")
FAMILIES: dict[str, Callable[[Any], bool]] = {
    "Linear units": lambda mixer: isinstance(mixer, Elman) and mixer.nonlinearity == "linear",
    "Tanh units": lambda mixer: isinstance(mixer, Elman) and mixer.nonlinearity == "tanh",
    "LSTM": lambda mixer: isinstance(mixer, LSTM),
}
TIMES = "Before: the parameters that the runs began with. After: those that were tested."
BAND = f"Line: the geometric mean over {EXAMPLES} held-out examples and all seeds. Band: from the least to the greatest. {TIMES}"


def state_picture(flows: Sequence[Flow]) -> Picture:
    """The norm of the state's Jacobian against the lag, with rho^lag."""
    caption = f"Spectral norm of d s_T / d s_(T-lag). Dashed: rho to the power of the lag. {BAND}"
    rows = _rows(flows, lambda flow, when: _line(flow, "state", when, _short(flow)), _powers)
    return panel_plot("jacobians", "How far a state is felt", rows, "lag", "norm of the Jacobian", caption, log_y=True, y_range=SHOWN)


def memory_picture(flows: Sequence[Flow]) -> Picture:
    """The norm of d c_T / d c_t against the lag, with that of its direct path."""
    caption = f"Solid: norm of d c_T / d c_(T-lag). Dashed: the largest product of forget gates. {BAND}"
    panels = []
    for when in WHEN:
        measured = [flow for flow in flows if getattr(flow, when)]
        whole = [_line(flow, "cell", when, _short(flow)) for flow in measured]
        gates = [_line(flow, "direct", when, f"{_short(flow)}, gates", band=False) for flow in measured]
        panels.append(
            Panel(f"{when.capitalize()} training", (*whole, *gates), [(i, dash) for dash in (0, 1) for i in range(len(measured))])
        )
    return panel_plot("memory", "Memory, and its direct path", [panels], "lag", "norm", caption, log_y=True, y_range=SHOWN)


def kernel_picture(flows: Sequence[Flow]) -> Picture:
    """The norm of each time step's part in the gradient of the recurrent kernel."""
    caption = (
        "Norm of what a time step adds to dL_T / dW, W the recurrent kernel, against how far before the last it is. "
        f"Line: the mean over {EXAMPLES} held-out examples and all seeds. Band: from the least to the greatest seed, down "
        f"to the floor where a seed is so certain of its answers that its gradient is zero. {TIMES}"
    )
    title, x_label = "What each time step adds", "steps before the last"
    return panel_plot("kernel", title, _rows(flows, _part_line), x_label, "norm of the part", caption, log_y=True, y_range=SHOWN)


def _rows(
    flows: Sequence[Flow], line: Callable[[Flow, str], Series], beside: Callable[[Sequence[Flow]], Sequence[Series]] = lambda _: ()
) -> list[list[Panel]]:
    """A row a family, before and after, with the series that `beside` makes of it in both."""
    families = {name: [flow for flow in flows if belongs(flow.mixer)] for name, belongs in FAMILIES.items()}

    def panel(name: str, members: Sequence[Flow], when: str) -> Panel:
        return Panel(f"{name}, {when} training", (*(line(flow, when) for flow in members if getattr(flow, when)), *beside(members)))

    return [[panel(name, members, when) for when in WHEN] for name, members in families.items() if members]


def _short(flow: Flow) -> str:
    """The label without the family's name: "rho 0.9"."""
    return flow.label.partition(", ")[2] or flow.label


def _powers(flows: Sequence[Flow]) -> list[Series]:
    curves = [curve for flow in flows if (curve := theory(flow)) is not None]
    return [Series("rho^lag", np.arange(1, len(curve) + 1).tolist(), curve.tolist(), kind="theory") for curve in curves]


def _line(flow: Flow, quantity: str, when: str, label: str, band: bool = True) -> Series:
    norms = getattr(flow, when)[quantity]
    by_lag = middle(norms)
    low, high = (end(norms, axis=(0, 2)) for end in (np.min, np.max))
    return _series(label, 1, by_lag, low if band else None, high if band else None)


def _part_line(flow: Flow, when: str) -> Series:
    """The parts of a gradient may be zero, where the answer is certain: means, not geometric ones, and the band is of seeds."""
    by_seed = getattr(flow, when)["kernel"].mean(axis=2)
    return _series(_short(flow), 0, by_seed.mean(axis=0), by_seed.min(axis=0), by_seed.max(axis=0))


def _series(label: str, first: int, y: Any, low: Any, high: Any) -> Series:
    """A line without the places that have no logarithm, such as the first step's part, which is zero."""
    positive = y > 0
    lags = np.arange(first, first + len(y))[positive].tolist()
    below, above = (None if end is None else np.maximum(end, TINY)[positive].tolist() for end in (low, high))
    return Series(label, lags, y[positive].tolist(), below, above)
