"""A config by its bare name: `lstm_tiny` is configs/lm/lstm_tiny.toml."""

import sys
from collections.abc import Sequence
from pathlib import Path

from research.config.errors import StepladderError, did_you_mean

ROOTS = (Path("configs"), Path(__file__).parents[2] / "configs")  # where a person is, and beside the library


def find_config(name: Path | str, roots: Sequence[Path] = ROOTS) -> Path:
    """The file that is named; else the only one under configs/ that has the name, which is told on stderr.

    Raises StepladderError where several have it, or none and the name has no .toml at its end.
    """
    path = Path(name)
    if path.exists():
        return path
    name_parts = path.with_suffix("").parts if path.suffix == ".toml" else path.parts
    root = next((root for root in roots if root.is_dir()), None)
    files = sorted(root.rglob("*.toml")) if root else []
    matches = [file for file in files if file.with_suffix("").parts[-len(name_parts) :] == name_parts]
    if len(matches) == 1:
        print(f"{name} is {_display_path(matches[0])}", file=sys.stderr)
        return matches[0]
    if matches:
        raise StepladderError(
            f"{name} is no file, and {len(matches)} configs have its name: {', '.join(map(_display_path, matches))}. Name one."
        )
    if path.suffix != ".toml":
        listed = f" The configs are {', '.join(file.stem for file in files)}." if files else ""
        raise StepladderError(f"{name}: there is no such file{did_you_mean(path.name, [file.stem for file in files]) or '.'}{listed}")
    return path


def _display_path(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
