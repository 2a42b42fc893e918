"""The same estimators from their formulas: dictionaries of tuples, one n-gram at a time."""

from collections import Counter

BEGIN, EOS = "<s>", 0


def ngrams(sentences, order):
    """Counts of the n-grams that end in a predicted token, by order."""
    counts = [Counter() for _ in range(order + 1)]
    for sentence in sentences:
        padded = (BEGIN, *sentence)
        for end in range(1, len(padded)):
            for k in range(1, min(order, end + 1) + 1):
                counts[k][padded[end - k + 1 : end + 1]] += 1
    return counts


def history(prefix, order):
    """The last order - 1 symbols before a prediction, <s> among them at a sentence's start."""
    return ((BEGIN, *prefix)[-(order - 1) :]) if order > 1 else ()


class RelativeFrequency:
    """(count + k) / (context count + k V) on the longest context that the sentence has."""

    def __init__(self, sentences, order, vocabulary_size, k):
        self.counts, self.order, self.v, self.k = ngrams(sentences, order), order, vocabulary_size, k

    def __call__(self, prefix, word):
        h = history(prefix, self.order)
        grams = self.counts[len(h) + 1]
        total = sum(c for gram, c in grams.items() if gram[:-1] == h) + self.k * self.v
        return (grams[(*h, word)] + self.k) / total if total else 0.0


class ModifiedKneserNey:
    """Chen & Goodman (1999), eqs. 20-26, unigram interpolated with 1 / V; `discounts[order]` are used for the counts 1, 2, 3+."""

    def __init__(self, sentences, order, vocabulary_size):
        raw = ngrams(sentences, order)
        self.order, self.v = order, vocabulary_size
        self.adjusted = [None, *(self._adjust(raw, k) for k in range(1, order)), raw[order]]
        self.discounts = [None, *(self._discounts(counts.values()) for counts in self.adjusted[1:])]

    @staticmethod
    def _adjust(raw, k):
        before = {}
        for gram in raw[k + 1]:
            before.setdefault(gram[1:], set()).add(gram[0])
        return {gram: c if gram[0] == BEGIN else len(before[gram]) for gram, c in raw[k].items()}

    @staticmethod
    def _discounts(values):
        n = Counter(values)
        if not (n[1] and n[2] and n[3]):
            return (0.5, 1.0, 1.5)
        y = n[1] / (n[1] + 2 * n[2])
        d = (1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3])
        return d if min(d) >= 0 else (0.5, 1.0, 1.5)

    def __call__(self, prefix, word):
        return self._probability(history(prefix, self.order), word)

    def _probability(self, h, word):
        k = len(h) + 1
        lower = self._probability(h[1:], word) if h else 1 / self.v
        after = {gram[-1]: c for gram, c in self.adjusted[k].items() if gram[:-1] == h}
        if not after:
            return lower
        discount = {w: self.discounts[k][min(c, 3) - 1] for w, c in after.items()}
        total = sum(after.values())
        return (after.get(word, 0) - discount.get(word, 0)) / total + sum(discount.values()) / total * lower
