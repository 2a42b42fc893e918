"""The words of [eval]: under which context a text is scored."""

from typing import ClassVar, Literal

from research.config.node import Fraction, Integers, Node, NonNegative, Positive


class PromptsConfig(Node):
    """A prompt set: a UTF-8 file with one `prompt<TAB>completion` a line, or several completions of which the first is right."""

    paths: ClassVar[tuple[str, ...]] = ("file",)
    file: str  # where you are counts, not where the config stands
    examples: NonNegative = 0  # other lines of the set put before each prompt, a line each, drawn by the run's seed


class Evaluation(Node):
    """Science, for text: how much context a scored token has.

    `sentence`: every line starts anew; one longer than `length` goes on in windows that move by `stride`. `stream`: the text is
    cut into `segments` of equal length (never a function of the batch size); windows of `length` tokens move by `stride` and score
    their last `stride` tokens, so that every token is scored once. Where training carries its state (columns), evaluation carries
    it through a segment too.

    Counts read whole lines and know no window: `misspelt` is the one word that they have, the others are for their neighbours in a table,
    whose `perplexity_at_<length>` an n-gram does not have, nor an interpolation.
    """

    context: Literal["sentence", "stream"] = "stream"
    length: Positive | Literal["training"] = "training"
    stride: Positive | Literal["length"] = "length"
    segments: Positive = 16
    also: Integers = ()  # further window lengths at which the same tokens are scored on test: `perplexity_at_<length>`
    misspelt: Fraction = 0.0  # share of the test words misspelt: `bits_per_character_at_<share>_misspelt`
    prompts: PromptsConfig | None = None  # completions scored after their prompts: `perplexity_at_prompts`, `exact_match_at_prompts`, ...
