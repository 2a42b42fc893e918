"""The words of a rule-based sentiment classifier: a lexicon, and rules that are switches."""

from typing import ClassVar, Literal

from research.config.node import Fraction, Node


class Rules(Node):
    """Hutto & Gilbert 2014 (VADER): valences from a lexicon, changed by the words around them. The defaults are the package's, 3.3.2.

    A switch that is off makes the words of its rule ordinary words.
    """

    paths: ClassVar[tuple[str, ...]] = ("lexicon",)
    kind: Literal["rules"]
    lexicon: str = "vader"  # or the path of a file of lines `word<TAB>valence`
    negation: bool = True  # a negation at most three words before turns and dampens
    never_so: bool = True  # "never so good" strengthens, "without doubt good" is not negated
    no: bool = True  # "no" before a word of the lexicon negates it, and has no valence itself
    least: bool = True  # "least" right before negates, but not "at least" and "very least"
    intensifiers: bool = True  # boosters and dampeners at most three words before, weaker with distance
    idioms: bool = True  # fixed phrases with a valence of their own
    capitals: bool = True  # a word in capitals counts more where others are not
    contrast: bool = True  # "but" halves what is before it and raises what is after it by half
    punctuation: bool = True  # ! and ? strengthen the whole
    emoji: bool = True  # an emoji is the words that describe it
    quirks: bool = True  # three slips of the package (research/classic/sentiment_rules.py names them); false: the rules as they are meant
    threshold: Fraction = 0.05  # scores nearer to zero are neutral
