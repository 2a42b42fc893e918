"""What is asked: the presets. The numbers are made in `measure`, which is imported when they are wanted."""

from pathlib import Path
from typing import Any

QUESTION = "One-hot against learned: what do word vectors learn from a small text, by predicting neighbours and by counting them?"
COSTS = {
    "quick": "under two minutes of one core, 100 dimensions, 3 seeds; shakespeare and the word sets, fetched, or in --data-dir",
    "wikitext2": "about two minutes on one core: as quick, on wikitext2",
}
CORPUS_BY_PRESET = {"quick": "shakespeare", "wikitext2": "wikitext2"}


def measure(preset: str, data_dir: Path | None) -> Any:
    """Similarity and analogies of one-hot, counted, CBOW and skip-gram vectors."""
    from research.execute.environment import use_compilation_cache

    from .measure import QUICK, load_sets, load_words, methods
    from .measure import measure as fit_each
    from .tables import study_of

    use_compilation_cache()
    corpus = CORPUS_BY_PRESET[preset]
    types, text = load_words(corpus, data_dir)
    fits = list(fit_each(types, text, methods(QUICK), range(QUICK.seeds), load_sets(data_dir)))
    return study_of(preset, QUESTION, corpus, QUICK, text, fits)
