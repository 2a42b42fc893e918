"""Pictures of characters and their Unicode names: rows as of other pairs, whose sources are the grey levels, line by line from the top.

The characters are those of DejaVu Sans, matplotlib's own font, that have a name and are not blank. Many look alike, such as the capital A
of three scripts: what has the very same picture is in one split.
"""

import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Int, Int32, UInt8

from research.config.pairs import Glyphs
from research.data.clusters import independent
from research.data.dataset import SPLITS, Dataset, PairTexts, Sides
from research.data.download import sha256
from research.data.limits import checked_limit
from research.data.pair_dataset import SPECIAL, Numbered, describe_pairs, pair_examples, pair_widths
from research.data.source_kind import Contents, SourceKind, learns_nothing
from research.data.split_identity import identify_pairs
from research.text.sides import Side, split_symbols
from research.text.vocabulary import Vocabulary, build_vocabulary

if TYPE_CHECKING:
    import PIL.ImageFont

READER = 1  # raised when a change here alters pictures or splits
FONT_SIZE, BASELINE = 0.7, 0.75  # parts of the picture's side; with these hardly any character is cut
PLACES = {"test": 0, "valid": 1, "train": 2}  # a tenth of the pictures for test, a tenth for valid, the rest for training
NAMES = Side("word")


class Pictures(NamedTuple):
    """Characters in the order of their code points, and their grey levels: 0 is the ground, the highest is ink."""

    characters: tuple[str, ...]
    levels: Int32[np.ndarray, "n p"]  # p pixels


def load_glyphs(config: Glyphs, data_dir: Path | None, identity: str) -> Dataset:
    """The dataset. Its vocabulary: words of names | <unk>, <sep>, </s> | the grey levels g0, g1, ...; the group is the words of a name.

    Raises StepladderError where a split has not more characters than are asked for.
    """
    pictures = PICTURES[type(config)].read(config, data_dir)
    members = {split: _limited(config, split, part) for split, part in split_pictures(pictures.levels).items()}
    names = [character_name(character) for character in pictures.characters]
    words = {split: [split_symbols(NAMES, names[i]) for i in members[split]] for split in SPLITS}
    types = _types(config, words["train"])
    vocabulary = Vocabulary((*types, *SPECIAL, *(f"g{level}" for level in range(config.levels))), unk=len(types), eos=len(types) + 2)
    first_level = len(types) + len(SPECIAL)
    sides = Sides(first_level, first_level, Side(NAMES.level), NAMES)
    numbers = {
        split: Numbered(list(first_level + pictures.levels[members[split]]), [*map(vocabulary.numbers, words[split])]) for split in SPLITS
    }
    texts = {
        split: PairTexts(tuple(character_label(pictures.characters[i]) for i in members[split]), tuple(names[i] for i in members[split]))
        for split in SPLITS
    }
    train, valid, test = (
        pair_examples(vocabulary, numbers[split], *pair_widths(numbers, split))._replace(
            group=np.array([*map(len, words[split])], np.int32)
        )
        for split in SPLITS
    )
    return Dataset(
        vocabulary,
        train,
        valid,
        test,
        digest=identity,
        eos=vocabulary.eos,
        description=describe_pairs(vocabulary, sides, numbers, left_out=0),
        sides=sides,
        pairs=texts,
        identities={split: identify_pairs(vocabulary, texts[split], numbers[split].targets) for split in ("valid", "test")},
    )


def read_glyphs(config: Glyphs, data_dir: Path | None) -> Pictures:
    """All pictures, of which each split has a part."""
    return draw_pictures(config.size, config.levels)


def glyph_contents(config: Glyphs, data_dir: Path | None) -> Contents:
    """The words of the config, the font, and the versions of what draws it and names its characters; nothing is drawn."""
    from PIL import features

    versions = [features.version("pil"), features.version("freetype2"), unicodedata.unidata_version, np.__version__]
    return [config.model_dump(mode="json", exclude_defaults=True), READER, sha256(_font().read_bytes()), *versions]


@cache
def draw_pictures(size: int, levels: int) -> Pictures:
    """Every named character that is not blank, in the middle of a square of `size` pixels a side."""
    from matplotlib.ft2font import FT2Font
    from PIL import ImageFont

    font = ImageFont.truetype(_font(), FONT_SIZE * size, layout_engine=ImageFont.Layout.BASIC)
    characters = [chr(code) for code in sorted(FT2Font(str(_font())).get_charmap()) if unicodedata.name(chr(code), "")]
    pictures = np.stack([_draw(font, character, size) for character in characters]).reshape(len(characters), -1)
    grey_levels = np.rint(pictures * ((levels - 1) / 255)).astype(np.int32)
    inked = np.asarray(grey_levels.any(axis=1))
    return Pictures(tuple(character for character, ink in zip(characters, inked, strict=True) if ink), grey_levels[inked])


def split_pictures(levels: Int[np.ndarray, "n p"]) -> dict[str, Int[np.ndarray, " m"]]:
    """The rows of each split in a random order that is always the same; equal rows are in one split, beside each other."""
    _, first, same = np.unique(levels, axis=0, return_index=True, return_inverse=True)
    rank = np.empty(len(first), int)
    rank[np.argsort(first)] = np.random.default_rng(0).permutation(len(first))
    place, tenth = rank[same], len(first) // 10
    order = np.argsort(place, kind="stable")
    return {split: order[np.minimum(place[order] // tenth, 2) == number] for split, number in PLACES.items()}


def character_name(character: str) -> str:
    """The caption: `latin small letter e with acute`."""
    return unicodedata.name(character).lower()


def character_label(character: str) -> str:
    """The source as a text: the character and its code point, `e U+0065`."""
    return f"{character} U+{ord(character):04X}"


def _font() -> Path:
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def _draw(font: "PIL.ImageFont.FreeTypeFont", character: str, size: int) -> UInt8[np.ndarray, "a a"]:
    from PIL import Image, ImageDraw

    picture = Image.new("L", (size, size))
    ImageDraw.Draw(picture).text((size / 2, BASELINE * size), character, fill=255, font=font, anchor="ms")
    return np.asarray(picture)


def _limited(config: Glyphs, split: str, members: Int[np.ndarray, " m"]) -> Int[np.ndarray, " k"]:
    """As many as are asked for."""
    return members[: checked_limit(f"{split}_pairs", getattr(config, f"{split}_pairs"), len(members), f"characters in {split}")]


def _types(config: Glyphs, training: list[list[str]]) -> tuple[str, ...]:
    """The words of the names that have a symbol, without the special ones."""
    limits = config.vocabulary
    return build_vocabulary((word for name in training for word in name), NAMES.level, limits.size, limits.min_count).ordinary_types


PICTURES: dict[type, SourceKind] = {Glyphs: SourceKind(read_glyphs, glyph_contents, learns_nothing, independent, load_glyphs, unread=())}
