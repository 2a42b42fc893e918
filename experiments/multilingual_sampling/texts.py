"""Training and held-out lines of several languages: numbers in words, captions, or news, each cut to the size that is asked for."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from research.config.errors import StepladderError
from research.config.pairs import Numerals
from research.data.dataset_sources import read_data_source
from research.data.numerals import draw_numbers, spell_number
from research.data.utf8 import as_text

HELD_OUT = 200  # lines of each language
NTREX = "ntrex128/newstest2019-{}.{}.txt"


class Lines(NamedTuple):
    """The lines of one language."""

    train: list[str]
    test: list[str]


Sizes = Mapping[str, int]  # language -> training lines


def numbers(sizes: Sizes, data_dir: Path | None) -> dict[str, Lines]:
    """Numbers up to a million in words. All languages say the same held-out numbers, which none has in training. No file is read."""
    config = Numerals(kind="numerals", train_pairs=max(sizes.values()), test_pairs=HELD_OUT)
    drawn = {split: draw_numbers(config, split).tolist() for split in ("train", "test")}

    def spoken(split: str, language: str, n: int) -> list[str]:
        return [spell_number(number, language) for number in drawn[split][:n]]

    return {language: Lines(spoken("train", language, n), spoken("test", language, HELD_OUT)) for language, n in sizes.items()}


def captions(sizes: Sizes, data_dir: Path | None) -> dict[str, Lines]:
    """Captions of multi30k: the first of training, and the first of test 2016."""
    files = {language: (f"train.{language}", f"test_2016_flickr.{language}") for language in sizes}
    contents = read_data_source("multi30k", data_dir, tuple(name for pair in files.values() for name in pair))
    lines = {name: as_text(content, name).splitlines() for name, content in contents.items()}
    return {language: _cut(language, lines[train], lines[test], sizes[language]) for language, (train, test) in files.items()}


def news(sizes: Sizes, data_dir: Path | None) -> dict[str, Lines]:
    """News of NTREX-128 in `data_dir`, one file a language; its last lines are held out. Raises StepladderError where one is missing."""
    lines = {language: _news_lines(language, data_dir) for language in sizes}
    return {language: _cut(language, lines[language][:-HELD_OUT], lines[language][-HELD_OUT:], n) for language, n in sizes.items()}


def _news_lines(language: str, data_dir: Path | None) -> list[str]:
    name = NTREX.format("src" if language == "eng" else "ref", language)
    path = (data_dir or Path()) / name
    if not path.is_file():
        raise StepladderError(
            f"There is no file {path}: NTREX-128 is not fetched. Bring its files (github.com/MicrosoftTranslator/NTREX) into a folder DIR "
            f"as DIR/{name} and add --data-dir DIR; or use --preset quick, which needs no data."
        )
    return as_text(path.read_bytes(), str(path)).splitlines()


def _cut(language: str, train: list[str], test: list[str], size: int) -> Lines:
    if len(train) < size:
        raise StepladderError(f"{language} has {len(train)} training lines, and {size} are asked for: bring the whole file.")
    return Lines(train[:size], test[:HELD_OUT])


READERS: dict[str, Callable[[Sizes, Path | None], dict[str, Lines]]] = {"quick": numbers, "full": captions, "ntrex": news}
