"""A run that cannot be begun, or not scored, is a failure of its own: written down where that can be, told in any case."""

from research.runs.lock import Claim, TakenOverError
from research.train.events import Failed, Held, Listener
from research.train.trained_files import Job, try_to_write_failure


def report_failure(job: Job, claim: Claim, error: Exception, report: Listener) -> None:
    """Write and tell what a claimed run failed with, and release it; one that another process has taken over is held, and no failure."""
    try:
        with claim.writing():
            try_to_write_failure(job, error)
        report(Failed(job, str(error)))
    except TakenOverError as lost:
        report(Held(job, str(lost)))
    finally:
        claim.release()
