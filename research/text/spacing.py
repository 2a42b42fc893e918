"""Whether a language stands between spaces: what tells whether words between spaces are words."""

import unicodedata
from collections.abc import Sequence

from research.config.pairs import BleuTokenizer

SCRIPTS = ("CJK UNIFIED", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "BALINESE", "JAVANESE", "NEW TAI", "TAI")
SAMPLED_TEXTS = 200  # texts
MOST_WHOLE = 1.2  # stretches between spaces a text: most have but one
LONG = 6.0  # characters between spaces: more than those of words that somebody has cut
BETWEEN_SPACES: tuple[BleuTokenizer, ...] = ("13a", "intl", "none")


def lacks_spaces(texts: Sequence[str]) -> bool:
    """Whether most letters of the texts are of scripts that put no space between words, and nobody has put one there."""
    texts = texts[:SAMPLED_TEXTS]
    letters = [letter for text in texts for letter in text if letter.isalpha()]
    unspaced_letters = sum(unicodedata.name(letter, "").startswith(SCRIPTS) for letter in letters)
    chunks = sum(len(text.split()) for text in texts)
    return 2 * unspaced_letters > len(letters) > 0 and (len(letters) > LONG * chunks or chunks < MOST_WHOLE * len(texts))


def advice_on_bleu(tokenizer: BleuTokenizer, references: Sequence[str]) -> str:
    """What to say where BLEU would count whole sentences as words; nothing elsewhere."""
    if tokenizer not in BETWEEN_SPACES or not lacks_spaces(references):
        return ""
    return (
        f"BLEU's words stand between spaces (data.bleu_tokenizer = {tokenizer}), and the targets have none: a sentence is one word. Use "
        "data.bleu_tokenizer = char, or zh for Chinese, ja-mecab for Japanese; chrF needs no words."
    )
