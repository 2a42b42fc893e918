"""What is asked: the presets. The numbers are made in `mixes`, which is imported when they are wanted."""

from pathlib import Path
from typing import Any

QUESTION = "When one tokenizer reads several languages, how much of each should it learn from?"
COSTS = {
    "quick": "about half a minute on one core; numbers in words, no download",
    "full": "a minute on one core; captions of multi30k, fetched, or in --data-dir",
    "ntrex": "about two minutes on one core; news in eight languages, DIR/ntrex128/newstest2019-*.txt with --data-dir DIR",
}


def measure(preset: str, data_dir: Path | None) -> Any:
    """Fertility, characters a piece and coverage of each language at each alpha, for tokenizers of two kinds."""
    from .mixes import PRESETS, study_of
    from .texts import READERS

    return study_of(preset, QUESTION, PRESETS[preset], READERS[preset](PRESETS[preset].sizes, data_dir))
