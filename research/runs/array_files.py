"""Arrays by name in an .npz."""

import zlib
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

from research.config.errors import StepladderError
from research.runs.atomic_files import fill_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike


def write_arrays(path: Path, **arrays: "ArrayLike") -> None:
    """Write an uncompressed .npz atomically; the same arrays give the same bytes."""
    import numpy as np

    fill_file(path, lambda file: np.savez(file, allow_pickle=True, **arrays))


def read_arrays(path: Path) -> "dict[str, np.ndarray] | None":
    """The arrays of an .npz by name; None where there is no file. Raises StepladderError where it is none, or was cut off."""
    import numpy as np

    try:
        with np.load(path) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        return None
    except (ValueError, OSError, EOFError, BadZipFile, AttributeError, zlib.error) as error:
        raise StepladderError(
            f"{path} is no whole .npz ({error}). Stepladder writes this file whole; was it cut off in a copy? Bring it back, or delete the "
            "run."
        ) from None
