"""A user's mistake, as opposed to a bug."""


class StepladderError(Exception):
    """Its message is one paragraph: what is wrong, where, the nearest right thing, what to do. The command line prints it and exits with 2."""
