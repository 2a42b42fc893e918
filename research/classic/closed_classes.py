"""The words that the rules of sentiment are about: negations, words of degree, idioms. The same words as in vaderSentiment 3.3.2."""

DEGREE = 0.293  # what a word of degree adds to the valence of the word after it, on the scale from -4 to 4

_AUXILIARIES = "ai are ca could dare did does do had has have is might must need ought sha should was were wo would"
NEGATIONS = frozenset(
    [
        *(f"{auxiliary}nt" for auxiliary in _AUXILIARIES.split()),  # those with an apostrophe are known by their n't
        *["not", "cannot", "never", "none", "neither", "nor", "nope", "nothing", "nowhere", "uhuh", "uh-uh"],
        *["without", "despite", "rarely", "seldom"],
    ]
)

_STEMS_WITH_LY = """
    absolute amazing awful complete considerable decided deep enormous entire especial exceptional extreme fabulous full great high huge
    incredible intense major particular pure real remarkable substantial thorough total tremendous unbelievable unusual utter
"""
_STRONG = """
    considerable enormous exceptional extreme incredible major total tremendous utter
    effing flipping flippin frackin fracking fricking frickin frigging friggin fuckin fucking fuggin fugging
    hella uber more most quite so very
"""
_WEAK = """
    almost barely hardly less little marginal marginally occasional occasionally partly scarce scarcely slight slightly somewhat
    kinda kindof kind-of sorta sortof sort-of
"""


def _adverb(stem: str) -> str:
    """absolute -> absolutely, considerable -> considerably, full -> fully"""
    if stem.endswith("le"):
        return stem[:-1] + "y"
    return stem + ("y" if stem.endswith("ll") else "ly")


DEGREES = dict.fromkeys([*map(_adverb, _STEMS_WITH_LY.split()), *_STRONG.split()], DEGREE) | dict.fromkeys(_WEAK.split(), -DEGREE)
DEGREE_PHRASES = dict.fromkeys(["kind of", "sort of", "just enough"], -DEGREE)

IDIOMS = {
    "the bomb": 3.0,
    "the shit": 3.0,
    "to die for": 3.0,
    "beating heart": 3.5,
    "bad ass": 1.5,
    "bus stop": 0.0,
    "kiss of death": -1.5,
    "yeah right": -2.0,
}
