"""Who is told of what happens to runs, beside the terminal: an entry each, chosen by `run.listeners`."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from research.config.errors import StepladderError, did_you_mean
from research.execute.tensorboard import tensorboard_listener
from research.plan.work_plan import WorkPlan
from research.train.events import Listener, RunEvent

OpenListener = Callable[[], AbstractContextManager[Listener]]  # raises StepladderError where what it needs is not installed
LISTENERS: dict[str, OpenListener] = {"tensorboard": tensorboard_listener}


@contextmanager
def configured_listeners(plan: WorkPlan) -> Iterator[tuple[Listener, ...]]:
    """The listeners that cells of the plan ask for, each told of those cells alone. Raises StepladderError for a name that is none."""
    names = dict.fromkeys(name for cell in plan.cells if cell.config for name in cell.config.run.listeners)
    for name in names:
        if name not in LISTENERS:
            raise StepladderError(
                f"run.listeners names {name!r}, which is none{did_you_mean(name, LISTENERS) or '.'} There are: {', '.join(LISTENERS)}."
            )
    with ExitStack() as stack:
        yield tuple(_only(name, stack.enter_context(LISTENERS[name]())) for name in names)


def _only(name: str, listener: Listener) -> Listener:
    def listen(event: RunEvent) -> None:
        if name in event.job.config.run.listeners:
            listener(event)

    return listen
