"""Libraries that one format in ten needs: imported by whoever needs them."""

import importlib
from types import ModuleType

from research.config.errors import StepladderError


def import_extra(module: str, what: str, place: str) -> ModuleType:
    """A module of the extra `data`. Raises StepladderError that names the extra where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        raise StepladderError(
            f"{place} is {what}, which {package} reads, and {package} is not installed ({error}): `pip install 'stepladder[data]'`."
        ) from error
