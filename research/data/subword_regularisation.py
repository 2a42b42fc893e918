"""The training text as an epoch cuts it: subword regularisation (Kudo 2018) and BPE-dropout (Provilkov et al. 2020).

The text is the same, and so are its vocabulary and what is scored; its pieces are drawn once an epoch, so that a word is met in several.
On one core that takes 2 seconds for a million characters; with n-best lists of 8 about 15, of 64 about 75.
"""

from collections.abc import Callable

import numpy as np

from research.config.subwords import BPEDropout, Regularisation, SubwordSampling
from research.data.batch_arrays import TextArrays, prepend_eos
from research.text.tokenizers.random_numbers import seeded_generator
from research.text.tokenizers.tokenizer import Tokenizer, sample_pieces, segment_with_dropout
from research.text.vocabulary import Vocabulary


def resegment(regularisation: Regularisation, vocabulary: Vocabulary, text: str, seed: int, epoch: int) -> TextArrays:
    """A text that ends with a newline, in pieces that are drawn line by line as a function of (seed, epoch) alone."""
    assert vocabulary.tokenizer, "the schema asks for a subword level"
    rng, lines = seeded_generator(seed, epoch), text.removesuffix("\n").split("\n")
    draw, line_end = REGULARISATIONS[type(regularisation)], vocabulary.tokenizer.entry.line_end
    pieces = [piece for line in lines for piece in (*draw(regularisation, vocabulary.tokenizer, line, rng), line_end)]
    return TextArrays(prepend_eos(vocabulary.numbers(pieces)))


def _sample(regularisation: SubwordSampling, tokenizer: Tokenizer, line: str, rng: np.random.Generator) -> list[str]:
    return sample_pieces(tokenizer, line, rng, regularisation.alpha, regularisation.n_best)


def _drop_merges(regularisation: BPEDropout, tokenizer: Tokenizer, line: str, rng: np.random.Generator) -> list[str]:
    return segment_with_dropout(tokenizer, line, rng, regularisation.rate)


REGULARISATIONS: dict[type, Callable[..., list[str]]] = {  # (regularisation, tokenizer, line, generator) -> the pieces of a line
    SubwordSampling: _sample,
    BPEDropout: _drop_merges,
}
