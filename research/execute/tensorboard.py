"""Losses, validations and samples of text as TensorBoard reads them, in a run's own folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from research.config.errors import StepladderError
from research.runs.measures import is_headline
from research.train.events import Listener, Progressed, RunEvent, Sampled, Validated

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter

FOLDER = "tensorboard"  # of a seed


@contextmanager
def tensorboard_listener() -> Iterator[Listener]:
    """A listener that writes events to SEED/tensorboard. A resumed run adds to them; TensorBoard shows the last value of a step.

    Raises StepladderError where tensorboardX is not installed.
    """
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise StepladderError(
            'run.listeners names tensorboard, and tensorboardX is not installed: pip install "stepladder[tracking]", or leave it out. '
            "metrics.jsonl of each run has the same numbers."
        ) from None
    writers: dict[Path, SummaryWriter] = {}

    def listen(event: RunEvent) -> None:
        if not isinstance(event, (Progressed, Validated, Sampled)):
            return
        if event.job.folder not in writers:
            writers[event.job.folder] = SummaryWriter(str(event.job.folder / FOLDER))
        write_event(writers[event.job.folder], event)

    try:
        yield listen
    finally:
        for writer in writers.values():
            writer.close()


def write_event(writer: "SummaryWriter", event: Progressed | Validated | Sampled) -> None:
    """The numbers of an event as scalars at its step, a sample as text."""
    match event:
        case Progressed(_, step, _, rate, loss, norm):
            for name, value in (("loss", loss), ("learning_rate", rate), ("gradient_norm", norm)):
                writer.add_scalar(f"train/{name}", value, step)
        case Validated(_, step, metrics):
            for name, value in metrics.items():
                if is_headline(f"valid.{name}"):
                    writer.add_scalar(f"valid/{name}", value, step)
        case Sampled(_, step, text):
            writer.add_text("sample", text, step)
