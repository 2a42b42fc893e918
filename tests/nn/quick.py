"""Shared by the tests of nn: a compilation that costs little, and parameters that are not at their initial values."""

from typing import get_args

from research.laws.mixer_inputs import jit as jit
from research.laws.mixer_inputs import noisy_parameters as noisy_parameters


def parameters(init, config, *sizes):
    """Normal numbers in the shape of what `init` would give."""
    return noisy_parameters(init, config, *sizes)


def by_default(kind, **words):
    """The config of a kind, with the words that it has by default."""
    return kind(kind=get_args(kind.model_fields["kind"].annotation)[0], **words)
