"""What is asked: the presets. The numbers are made in `ratings`, which is imported when they are wanted."""

from pathlib import Path
from typing import Any

QUESTION = "What does each rule add to a lexicon, for four kinds of text that people rated?"
COSTS = {"quick": "about a minute on one core: 23,703 sentences, ten sets of rules; vader, fetched by pip, or in --data-dir"}


def measure(preset: str, data_dir: Path | None) -> Any:
    """Correlation with the ratings, F1 and accuracy, with every rule and without one of them."""
    from .ratings import read_parts, study_of

    return study_of(preset, QUESTION, *read_parts(data_dir))
