"""Arrays by name in an .npz."""

import errno
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from research.runs.atomic_files import fill_file
from research.runs.damaged_files import damaged_file, unreadable_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

UNREADABLE = (  # what numpy and zipfile raise on damaged bytes
    *(ValueError, EOFError, BadZipFile, zlib.error, struct.error, SyntaxError, MemoryError, RecursionError),
    *(AttributeError, KeyError, TypeError, IndexError, OverflowError, RuntimeError),  # NotImplementedError is a RuntimeError
)


def write_arrays(path: Path, **arrays: "ArrayLike") -> None:
    """Write an uncompressed .npz atomically; the same arrays give the same bytes."""
    import numpy as np

    fill_file(path, lambda file: np.savez(file, allow_pickle=True, **arrays))


def read_arrays(path: Path) -> "dict[str, np.ndarray] | None":
    """The arrays of an .npz by name; None where there is no file. Raises DamagedFileError where it is none, or its CRC is another."""
    import numpy as np

    try:
        with open(path, "rb") as file, np.load(file) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        return None
    except UNREADABLE as error:
        raise damaged_file(path, f"is not the .npz that was written ({error})") from None
    except OSError as error:
        raise unreadable_file(path, error) from None


def check_arrays(path: Path) -> None:
    """Raises DamagedFileError as `read_arrays` does, and makes no array: each is compared with its CRC alone."""
    try:
        with ZipFile(path) as file:
            broken = file.testzip()
    except FileNotFoundError:
        return
    except UNREADABLE as error:
        raise damaged_file(path, f"is not the .npz that was written ({error})") from None
    except OSError as error:
        raise unreadable_file(path, error) from None
    if broken is not None:
        raise damaged_file(path, f"is not the .npz that was written (the CRC of {broken} is another)")


def read_model_arrays(path: Path, names: Sequence[str]) -> "dict[str, np.ndarray]":
    """As `read_arrays`, of a file that must be there and have arrays of these names. Raises FileNotFoundError where it is not."""
    arrays = read_arrays(path)
    if arrays is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if missing := [name for name in names if name not in arrays]:
        raise damaged_file(path, f"has no {missing[0]}")
    return arrays
