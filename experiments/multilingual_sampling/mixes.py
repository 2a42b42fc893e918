"""Mixes of languages: what is drawn at each alpha, the tokenizer that it teaches, and how that one cuts each language's held-out lines."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np

from research.config.sweep import TableLayout
from research.data.download import digest_of
from research.data.mixing import character_coverage, characters_a_piece, draw_mix, expected_passes, fertility, proportions
from research.data.tokenizer_cache import fitted_tokenizer
from research.report.pictures import Picture
from research.report.plots import Series, line_plot
from research.report.section import Section
from research.report.study import Study, StudyCell

from .texts import Lines

TOKENIZERS = ("bpe", "unigram")
TABLE = TableLayout(
    rows=("alpha", "language"),
    columns="tokenizer",
    metrics=("extra.share", "extra.expected_passes", "test.characters_a_piece", "test.coverage"),
    figure="none",
)


@dataclass(frozen=True)
class Preset:
    """How many training lines each language has, the largest first, and how many symbols a tokenizer learns of them all."""

    sizes: dict[str, int]
    vocabulary: int
    alphas: tuple[float, ...] = (1.0, 0.7, 0.5, 0.3, 0.0)
    seeds: int = 3  # each draws other lines


PRESETS = {
    "quick": Preset({"en": 8192, "de": 2048, "es": 512, "ru": 128, "fi": 32, "tr": 8}, 300),
    "full": Preset({"en": 29_000, "de": 2900, "fr": 290, "cs": 29}, 8000),
    "ntrex": Preset({"eng": 1600, "deu": 800, "fra": 400, "rus": 200, "fin": 100, "tur": 50, "hin": 25, "swa": 12}, 4000),
}


def study_of(name: str, question: str, preset: Preset, texts: Mapping[str, Lines]) -> Study:
    """The study of a preset on these texts. As many lines are drawn as there are, so that alpha = 1 reads each once."""
    cells = tuple(cell for tokenizer, alpha in product(TOKENIZERS, preset.alphas) for cell in _measure(preset, texts, tokenizer, alpha))
    return Study(
        name="multilingual_sampling",
        question=question,
        preset=name,
        settings=asdict(preset),
        digest=digest_of([[language, *lines] for language, lines in texts.items()])[:16],
        table=TABLE,
        metric="test.fertility",
        cells=cells,
        sections=tuple(Section(f"Fertility against alpha: {tokenizer}", picture=_picture(cells, tokenizer)) for tokenizer in TOKENIZERS),
    )


def _measure(preset: Preset, texts: Mapping[str, Lines], tokenizer: str, alpha: float) -> list[StudyCell]:
    """A cell a language."""
    sizes = {language: len(lines.train) for language, lines in texts.items()}
    drawn = sum(sizes.values())
    shares, passes = proportions(sizes, alpha), expected_passes(sizes, alpha, drawn)
    begun = time.perf_counter()
    scores = {seed: _score(preset, texts, tokenizer, alpha, seed) for seed in range(preset.seeds)}
    seconds = (time.perf_counter() - begun) / preset.seeds
    return [
        StudyCell(
            labels={"alpha": alpha, "language": language, "tokenizer": tokenizer},
            test={seed: by_language[language] for seed, by_language in scores.items()},
            extra={"share": shares[language], "expected_passes": passes[language]},
            seconds=seconds,
        )
        for language in texts
    ]


def _score(preset: Preset, texts: Mapping[str, Lines], kind: str, alpha: float, seed: int) -> dict[str, dict[str, float]]:
    """One mix, its tokenizer, and the numbers of each language."""
    train = {language: lines.train for language, lines in texts.items()}
    mix = draw_mix(train, alpha, sum(map(len, train.values())), np.random.default_rng(seed))
    learned = fitted_tokenizer("\n".join(line for lines in mix.values() for line in lines), kind, preset.vocabulary)
    return {
        language: {
            "fertility": fertility(learned, lines.test),
            "characters_a_piece": characters_a_piece(learned, lines.test),
            "coverage": character_coverage(learned, lines.test),
        }
        for language, lines in texts.items()
    }


def _picture(cells: tuple[StudyCell, ...], tokenizer: str) -> Picture:
    """A line a language."""
    tokenizer_cells = [cell for cell in cells if cell.labels["tokenizer"] == tokenizer]
    series = []
    for language in dict.fromkeys(str(cell.labels["language"]) for cell in tokenizer_cells):
        points = sorted(
            (alpha, [values["fertility"] for values in cell.test.values()])
            for cell in tokenizer_cells
            if cell.labels["language"] == language and isinstance(alpha := cell.labels["alpha"], int | float)
        )
        x, y = [alpha for alpha, _ in points], [values for _, values in points]
        series.append(
            Series(language, x, [float(np.mean(values)) for values in y], [min(values) for values in y], [max(values) for values in y])
        )
    caption = "Pieces a word of held-out lines. 1: lines as there are; 0: evenly. Band: from the least to the greatest seed."
    return line_plot(f"fertility-{tokenizer}", f"Fertility, {tokenizer}", series, "alpha", "pieces a word", caption)
