"""What a person sees in a notebook while runs are under way: a picture that is drawn anew in its place."""

import sys
import time
from collections.abc import Callable

from research.train.events import Checkpointed, Listener, Progressed, RunEvent, Validated

SECONDS = 1.0  # between two pictures
Show = Callable[[str], None]


def notebook_display() -> Show | None:
    """What shows a text in one place of a notebook's output, each time in place of the last; None outside of a notebook."""
    if "ipykernel" not in sys.modules:
        return None
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        return None
    handle = display({"text/plain": ""}, raw=True, display_id=True)
    return lambda text: handle.update({"text/plain": text}, raw=True)


def pictures(draw: Callable[[], str], show: Show, clock: Callable[[], float] = time.monotonic) -> Listener:
    """Shows what `draw` says: at most once a second while runs go on, and whenever one begins or ends."""
    last = [clock() - SECONDS]

    def listen(event: RunEvent) -> None:
        passing = isinstance(event, Progressed | Validated | Checkpointed)
        if not passing or clock() - last[0] >= SECONDS:
            last[0] = clock()
            show(draw())

    return listen
