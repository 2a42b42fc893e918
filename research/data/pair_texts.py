"""From a config of pairs to the texts of its three splits, and what identifies them. Texts are in the normal form."""

from importlib.metadata import version
from pathlib import Path

import numpy as np

from research.config.pairs import Multi30k, Numerals, Rewrite
from research.config.unicode import split_lines
from research.data.dataset import SPLITS, PairTexts
from research.data.dataset_sources import read_data_source
from research.data.numerals import draw_numbers, spell_number
from research.data.rewrite import draw_rewrite
from research.data.source_entries import SOURCES
from research.data.source_kind import Contents
from research.data.utf8 import as_text
from research.text.sides import normalise_text

READER = 1  # raised when a change here, or in what draws pairs, alters them
CAPTION_FILES = {"train": "train", "valid": "val", "test": "test_2016_flickr"}


def read_numerals(config: Numerals, data_dir: Path | None) -> dict[str, PairTexts]:
    """Numbers as both sides say them."""
    numbers = {split: draw_numbers(config, split).tolist() for split in SPLITS}

    def numerals(split: str, language: str) -> tuple[str, ...]:
        return tuple(normalise_text(spell_number(number, language), False, config.normalisation) for number in numbers[split])

    return {split: PairTexts(numerals(split, config.source), numerals(split, config.target)) for split in SPLITS}


def read_multi30k(config: Multi30k, data_dir: Path | None) -> dict[str, PairTexts]:
    """The captions of two languages, of which alone the files are wanted."""
    contents = read_data_source("multi30k", data_dir, _caption_files(config))

    def captions(split: str, language: str) -> tuple[str, ...]:
        name = f"{CAPTION_FILES[split]}.{language}"
        return tuple(
            normalise_text(line.strip(), config.lower, config.normalisation) for line in split_lines(as_text(contents[name], name))
        )

    return {split: PairTexts(captions(split, config.source), captions(split, config.target)) for split in SPLITS}


def _caption_files(config: Multi30k) -> tuple[str, ...]:
    return tuple(f"{CAPTION_FILES[split]}.{language}" for split in SPLITS for language in (config.source, config.target))


def read_rewrite(config: Rewrite, data_dir: Path | None) -> dict[str, PairTexts]:
    """Symbols with a space between."""
    return {split: draw_rewrite(config, split) for split in SPLITS}


def caption_contents(config: Multi30k, data_dir: Path | None) -> Contents:
    """The checksums of the files of two languages, which need not be here."""
    files = {file.name: file.sha256 for file in SOURCES[config.kind].files}
    return [config.kind, READER, *(files[name] for name in _caption_files(config))]


def drawn_pairs(config: Rewrite | Numerals, data_dir: Path | None) -> Contents:
    """The words of the config, and the versions of what draws."""
    return [config.model_dump(mode="json", exclude_defaults=True), READER, np.__version__]


def numeral_contents(config: Numerals, data_dir: Path | None) -> Contents:
    """As of other pairs that are drawn, and the version of what says the numbers."""
    return [*drawn_pairs(config, data_dir), version("num2words")]
