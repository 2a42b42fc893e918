"""Where the configs and experiments stand that come with the code: beside the library in a checkout, inside it in a wheel."""

import os
from pathlib import Path

LIBRARY = Path(__file__).parents[1]
SHIPPED = LIBRARY / "shipped" if (LIBRARY / "shipped").is_dir() else LIBRARY.parent
FOLDERS = ("configs", "experiments")


def shipped_file(path: Path) -> Path | None:
    """The file that comes with the code under this path, as configs/lm/lstm_tiny.toml; None where there is none."""
    is_inside = path.parts[:1] in [(folder,) for folder in FOLDERS] and ".." not in path.parts
    return SHIPPED / path if is_inside and (SHIPPED / path).is_file() else None


def extended_file(path: Path, base: str) -> Path:
    """The file that `extends` names: beside this one, or else with the code."""
    beside = _relative(path, base)
    return beside if os.path.exists(beside) else shipped_file(Path(base)) or beside


def _relative(path: Path, base: str) -> Path:
    """`configs/lm/../base/x.toml` is told as `configs/base/x.toml`."""
    parts: list[str] = []
    for part in (path.parent / base).parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return Path(*parts)
