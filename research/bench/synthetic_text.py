"""Made-up text, the same for ours and for the peers: a function of its sizes alone."""

import numpy as np

EOS = 0
SUCCESSORS = 20  # words that commonly follow a word
NOVELTY = 0.3  # how often another one follows


def uniform_tokens(vocabulary: int, n: int = 400_000) -> np.ndarray:
    """int32 tokens, each as likely as the others: a training step costs the same on any text."""
    return np.random.default_rng(0).integers(vocabulary, size=n, dtype=np.int32)


def zipf_tokens(vocabulary: int, n: int) -> np.ndarray:
    """`n` int32 tokens of sentences, each ended by EOS, whose n-grams repeat as in language.

    A first-order process: after a word comes one of its own `SUCCESSORS`, the first of them most often, or with probability `NOVELTY` any
    word; words, and successors, have frequencies of 1 / rank.
    """
    rng = np.random.default_rng(1)
    successors = 1 + _zipf(rng, vocabulary - 1, (vocabulary, SUCCESSORS))
    sentences = n // 15 + 1
    length = rng.integers(5, 36, size=sentences)  # words; 21 with the end on average, so that there are enough
    words = np.zeros((sentences, length.max() + 1), np.int32)
    words[:, 0] = 1 + _zipf(rng, vocabulary - 1, sentences)
    for t in range(1, length.max()):
        common = successors[words[:, t - 1], _zipf(rng, SUCCESSORS, sentences)]
        is_novel = rng.random(sentences) < NOVELTY
        words[:, t] = np.where(is_novel, 1 + _zipf(rng, vocabulary - 1, sentences), common)
    place = np.arange(words.shape[1])[None]
    words[place >= length[:, None]] = EOS
    tokens = words[place <= length[:, None]][:n]
    tokens[-1] = EOS
    return tokens


def sentence_lines(tokens: np.ndarray) -> list[list[str]]:
    """The sentences as words, without their ends."""
    ends = np.flatnonzero(tokens == EOS)
    starts = np.concatenate([[0], ends[:-1] + 1])
    return [[f"w{word}" for word in tokens[a:b]] for a, b in zip(starts, ends, strict=True)]


def _zipf(rng: np.random.Generator, n: int, shape: int | tuple[int, ...]) -> np.ndarray:
    """Ranks 0..n-1 with probabilities proportional to 1 / (rank + 1)."""
    cumulative = np.cumsum(1 / np.arange(1, n + 1))
    return np.searchsorted(cumulative, rng.random(shape) * cumulative[-1])
