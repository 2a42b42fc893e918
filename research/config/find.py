"""A config by its bare name: `lstm_tiny` is configs/lm/lstm_tiny.toml."""

import sys
from collections.abc import Sequence
from pathlib import Path

from research.config.errors import StepladderError, did_you_mean
from research.config.shipped import SHIPPED, shipped_file

ROOTS = (Path("configs"), SHIPPED / "configs")  # where a person is, and with the code


def find_config(name: Path | str, roots: Sequence[Path] = ROOTS) -> Path:
    """The file that is named; else the only one under configs/ that has the name, or one that comes with the code; told on stderr.

    The user's own configs/ come first. Raises StepladderError where several files have the name, or none and it does not end in .toml.
    """
    path = Path(name)
    if path.exists():
        return path
    name_parts = path.with_suffix("").parts if path.suffix == ".toml" else path.parts
    files_by_root = [sorted(root.rglob("*.toml")) for root in roots if root.is_dir()]
    files = [file for root_files in files_by_root for file in root_files]
    matches = next(filter(None, (_with_name(root_files, name_parts) for root_files in files_by_root)), [])
    match = matches[0] if len(matches) == 1 else shipped_file(path)
    if match is not None:
        print(f"{name} is {_display_path(match)}", file=sys.stderr)
        return match
    if matches:
        raise StepladderError(
            f"{name} is no file, and {len(matches)} configs have its name: {', '.join(map(_display_path, matches))}. Name one."
        )
    if path.suffix != ".toml":
        names = list(dict.fromkeys(file.stem for file in files))
        listed = f" The configs are {', '.join(names)}." if files else ""
        raise StepladderError(f"{name}: there is no such file{did_you_mean(path.name, names) or '.'}{listed}")
    return path


def _with_name(files: Sequence[Path], name_parts: tuple[str, ...]) -> list[Path]:
    return [file for file in files if file.with_suffix("").parts[-len(name_parts) :] == name_parts]


def _display_path(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
