"""Sentiment by rules (Hutto & Gilbert 2014, VADER): features of the words, a score, a decision. No training.

Every word of the lexicon starts from its valence, which the rules change one after the other, each a switch of the config; the sum over
words, strengthened by ! and ?, is squashed into -1 to 1. The constants are the paper's: mean differences between ratings of people.

The defaults compute what the package vaderSentiment 3.3.2 does, with three slips (`quirks`) that its scores depend on:
- "but" looks for a word's place by its valence: of two words with equal valences, the first one is changed twice and the second never;
- "so" or "this" right before a word strengthens it also without "never", if there are three words before;
- an emoji's description is not separated from what follows, so that one with a variation selector (U+FE0F) may lose its last word.
"""

import math
import string
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from research.classic.closed_classes import DEGREE_PHRASES, DEGREES, IDIOMS, NEGATIONS
from research.classic.lexicon import Lexicon
from research.config.rules import Rules
from research.config.unicode import lowercase, plain_punctuation

MAX_DISTANCE = 3  # words before a word that may change it
NEGATION_SCALAR = -0.74
NEVER_SO_SCALAR = 1.25
CAPITALS_INCREMENT = 0.733
DISTANCE_DECAY = {1: 1.0, 2: 0.95, 3: 0.9}  # of a word of degree, by distance
EXCLAMATION, MOST_EXCLAMATIONS = 0.292, 4
QUESTION, MANY_QUESTIONS = 0.18, 0.96
NORMALISATION_ALPHA = 15.0
VARIATION_SELECTOR = "\ufe0f"


class Change(NamedTuple):
    """What one rule, named by its switch, did to a word's valence."""

    rule: str
    before: float
    after: float


class Word(NamedTuple):
    """A word as written, its valence in the lexicon (None if it has none), and the rules that changed it, in their order."""

    text: str
    lexicon_valence: float | None
    changes: tuple[Change, ...] = ()

    @property
    def valence(self) -> float:
        """After all rules."""
        return self.changes[-1].after if self.changes else self.lexicon_valence or 0.0


class SentimentFeatures(NamedTuple):
    """The words of a text, and what its punctuation adds to the magnitude of their sum."""

    words: tuple[Word, ...]
    exclamation: float
    question: float

    @property
    def total(self) -> float:
        """The sum of all valences, moved away from zero by the punctuation."""
        words = float(sum(word.valence for word in self.words))
        return words + math.copysign(self.exclamation + self.question, words) if words else 0.0


class Sentence(NamedTuple):
    """What the rules read: words as written, in lower case, their valences in the lexicon; whether some but not all are in capitals."""

    words: tuple[str, ...]
    lower: tuple[str, ...]
    lexicon_valences: tuple[float | None, ...]
    mixed: bool

    def span(self, first: int, last: int) -> str:
        """The words of these places, both included; nothing where the sentence does not have them all."""
        return " ".join(self.lower[first : last + 1]) if first >= 0 and last < len(self.lower) else ""


Rule = Callable[[Rules, Sentence, int, int, float], float]  # config, sentence, place of a word, distance to the word before, valence


def sentiment_features(config: Rules, lexicon: Lexicon, text: str) -> SentimentFeatures:
    """Every word with its valence and the rules that changed it."""
    text = _describe_emoji(config, lexicon.emoji, text) if config.emoji else text
    sentence = _split_sentence(lexicon.valences, text)
    words = [_rate_word(config, sentence, place) for place in range(len(sentence.words))]
    if config.contrast and "but" in sentence.lower:
        words = _contrast(config, words, sentence.lower.index("but"))
    return SentimentFeatures(tuple(words), *(_emphasis(text) if config.punctuation else (0.0, 0.0)))


def sentiment_score(config: Rules, lexicon: Lexicon, text: str) -> float:
    """From -1, most negative, to 1; 0 for a text without a word of the lexicon."""
    total = sentiment_features(config, lexicon, text).total
    return total / math.sqrt(total * total + NORMALISATION_ALPHA)


def polarity(config: Rules, score: float) -> int:
    """-1, 0 or 1: negative, neutral, positive. Scores nearer to zero than the threshold are neutral."""
    if score == 0.0 or abs(score) < config.threshold:
        return 0
    return 1 if score > 0.0 else -1


def word_contributions(config: Rules, lexicon: Lexicon, text: str) -> list[tuple[str, float]]:
    """The words that moved the score, and the marks "!" and "?", each with its contribution, the largest first. They sum to the score."""
    text_features = sentiment_features(config, lexicon, text)
    total = text_features.total
    emphasis = (("!", text_features.exclamation), ("?", text_features.question))
    marks = [(mark, math.copysign(value, total)) for mark, value in emphasis if total]
    scale = math.sqrt(total * total + NORMALISATION_ALPHA)
    values = [*((word.text, word.valence) for word in text_features.words), *marks]
    return sorted(((name, value / scale) for name, value in values if value), key=lambda driver: -abs(driver[1]))


def _describe_emoji(config: Rules, emoji: Mapping[str, str], text: str) -> str:
    """The text with its emoji in words."""
    if not config.quirks:
        return "".join(f" {emoji[sign]} " if sign in emoji else sign for sign in text.replace(VARIATION_SELECTOR, ""))
    parts, before = [], " "
    for sign in text:
        described = emoji.get(sign)
        parts.append(sign if described is None else described if before == " " else f" {described}")
        before = sign
    return "".join(parts)


def _split_sentence(valences: Mapping[str, float], text: str) -> Sentence:
    words = tuple(map(_strip_punctuation, plain_punctuation(text).split()))
    lower = tuple(map(lowercase, words))
    capitals = sum(word.isupper() for word in words)
    return Sentence(words, lower, tuple(map(valences.get, lower)), 0 < capitals < len(words))


def _strip_punctuation(token: str) -> str:
    """A token without the punctuation around it; it stays whole if less than three characters would remain: it may be an emoticon."""
    inner = token.strip(string.punctuation)
    return inner if len(inner) > 2 else token


def _rate_word(config: Rules, sentence: Sentence, place: int) -> Word:
    text, valence = sentence.words[place], sentence.lexicon_valences[place]
    return Word(text, valence) if valence is None else Word(text, valence, tuple(_changes(config, sentence, place, valence)))


def _changes(config: Rules, sentence: Sentence, place: int, valence: float) -> Iterator[Change]:
    """What the rules do to a word of the lexicon, where they do something."""
    if config.intensifiers and (sentence.lower[place] in DEGREES or sentence.span(place, place + 1) == "kind of"):
        yield Change("intensifiers", valence, 0.0)  # it only modifies others
        return
    for name, rule, distance in RULE_ORDER:
        if getattr(config, name) and place >= distance and (not distance or sentence.lexicon_valences[place - distance] is None):
            after = rule(config, sentence, place, distance, valence)
            if after != valence:
                yield Change(name, valence, after)
            valence = after


def _no(config: Rules, sentence: Sentence, place: int, distance: int, valence: float) -> float:
    """ "no fun", "no great fun", "no fun or joy"."""
    before = [sentence.span(place - k, place - k) for k in range(1, MAX_DISTANCE + 1)]
    if "no" in before[:2] or (before[2] == "no" and before[0] in ("or", "nor")):
        return valence * NEGATION_SCALAR
    followed = place + 1 < len(sentence.lexicon_valences) and sentence.lexicon_valences[place + 1] is not None
    return 0.0 if sentence.lower[place] == "no" and followed else valence


def _capitals(config: Rules, sentence: Sentence, place: int, distance: int, valence: float) -> float:
    """ "GOOD day", not "GOOD DAY"."""
    return valence + _loudness(valence) if _stands_out(sentence, place) else valence


def _stands_out(sentence: Sentence, place: int) -> bool:
    return sentence.mixed and sentence.words[place].isupper()


def _loudness(valence: float) -> float:
    """What capitals add to a word of this valence."""
    return CAPITALS_INCREMENT if valence > 0 else -CAPITALS_INCREMENT


def _intensifiers(config: Rules, sentence: Sentence, place: int, distance: int, valence: float) -> float:
    """ "very good", "hardly any good"."""
    degree = DEGREES.get(sentence.lower[place - distance])
    if degree is None:
        return valence
    shift = -degree if valence < 0 else degree
    if config.capitals and _stands_out(sentence, place - distance):
        shift += _loudness(valence)
    return valence + shift * DISTANCE_DECAY[distance]


def _never_so(config: Rules, sentence: Sentence, place: int, distance: int, valence: float) -> float:
    return valence * NEVER_SO_SCALAR if _is_never_so(config, sentence, place, distance) else valence


def _is_never_so(config: Rules, sentence: Sentence, place: int, distance: int) -> bool:
    """ "never so good", "never been this good"."""
    between = sentence.lower[place - distance + 1 : place]
    if config.quirks and distance == MAX_DISTANCE and between[-1] in ("so", "this"):
        return True
    return sentence.lower[place - distance] == "never" and ("so" in between or "this" in between)


def _negation(config: Rules, sentence: Sentence, place: int, distance: int, valence: float) -> float:
    word = sentence.lower[place - distance]
    if word not in NEGATIONS and "n't" not in word:
        return valence
    undoubted = word == "without" and "doubt" in sentence.lower[place - distance + 1 : place]
    if config.never_so and (undoubted or _is_never_so(config, sentence, place, distance)):
        return valence
    return valence * NEGATION_SCALAR


def _idioms(config: Rules, sentence: Sentence, place: int, distance: int, valence: float) -> float:
    """The valence of an idiom that the word is part of, or follows."""
    spans = ((0, 2), (0, 1), (-1, 0), (-2, 0), (-2, -1), (-3, -1), (-3, -2))
    valences = (IDIOMS.get(sentence.span(place + first, place + last)) for first, last in spans)
    return next((idiom for idiom in valences if idiom is not None), valence)


def _degree_phrases(config: Rules, sentence: Sentence, place: int, distance: int, valence: float) -> float:
    """ "kind of good"; the package does not turn the sign of it before a negative word."""
    for first in (place - 3, place - 2):
        valence += DEGREE_PHRASES.get(sentence.span(first, first + 1), 0.0)
    return valence


def _least(config: Rules, sentence: Sentence, place: int, distance: int, valence: float) -> float:
    """ "the least good", not "at least good"."""
    negates = sentence.lower[place - 1] == "least" and sentence.span(place - 2, place - 2) not in ("at", "very")
    return valence * NEGATION_SCALAR if negates else valence


RULE_ORDER: tuple[tuple[str, Rule, int], ...] = (  # switch, rule, distance: a word before that has a valence itself is passed over
    ("no", _no, 0),
    ("capitals", _capitals, 0),
    *(
        (name, rule, distance)
        for distance in range(1, MAX_DISTANCE + 1)
        for name, rule in (("intensifiers", _intensifiers), ("never_so", _never_so), ("negation", _negation))
    ),
    ("idioms", _idioms, MAX_DISTANCE),
    ("intensifiers", _degree_phrases, MAX_DISTANCE),
    ("least", _least, 1),
)


def _contrast(config: Rules, words: list[Word], but: int) -> list[Word]:
    """Half before the first "but", one and a half times after it."""
    words, valences = list(words), [word.valence for word in words]
    for place in range(len(words)):
        at = valences.index(valences[place]) if config.quirks else place
        if at == but or not valences[at]:
            continue
        before, valences[at] = valences[at], valences[at] * (0.5 if at < but else 1.5)
        words[at] = words[at]._replace(changes=(*words[at].changes, Change("contrast", before, valences[at])))
    return words


def _emphasis(text: str) -> tuple[float, float]:
    """What the marks ! and ? add: up to four of the one; two, three or more of the other."""
    exclamations, questions = min(text.count("!"), MOST_EXCLAMATIONS), text.count("?")
    return EXCLAMATION * exclamations, MANY_QUESTIONS if questions > 3 else QUESTION * questions if questions > 1 else 0.0
