"""Is a statistic of independent items more than chance? Sign flips, a studentised test that allows for skewness, and both sources of noise.

Items are independent clusters (scenes, documents, or single items). Every p is two-sided and looks in the direction of a difference that is
shown: twice the share of chance beyond it, at most 1. docs/statistics.md says which test is used when, and how often each is wrong.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int8

from research.compare.quantiles import normal_quantile, student_below, student_quantile

Array = np.ndarray
FLIPPED = 100  # up to so many clusters that differ, the signs are flipped as well
EXACT_SIGNS, EXACT_SWAPS = 32, 13  # up to so many, all signs are tried: of sums, and of scores of summed counts
CHUNK, MOST = 4096, 2**16  # signs drawn at a time, and at most
ENOUGH = 50  # draws beyond the observed one after which no more are needed
TIE = 1e-9  # what separates equal sums, as a share of them


class ClusterEstimate(NamedTuple):
    """A statistic over n independent clusters, its standard error, and the skewness of its error."""

    value: float
    error: float
    skew: float
    n: int

    @property
    def t(self) -> float:
        """Value over error; infinite where the clusters all say the same."""
        if self.error > 1e-12 * abs(self.value):
            return self.value / self.error
        return math.copysign(math.inf, self.value) if self.value else 0.0


def estimate_from_influence(value: float, influence: Float[Array, " n"]) -> ClusterEstimate:
    """From how far each cluster moves the statistic: of a mean, the cluster's deviation from it over n."""
    n, centred = len(influence), influence - influence.mean()
    second_moment = float((centred**2).mean())
    third_moment = float((centred * centred * centred).mean())  # not **3, which is not odd on every processor
    error = math.sqrt(n * second_moment * n / (n - 1)) if n > 1 else math.inf
    return ClusterEstimate(value, error, third_moment / second_moment**1.5 / math.sqrt(n) if second_moment > 0 else 0.0, n)


def jackknife(score: Callable[[Array], Array], clusters: Float[Array, "n m"]) -> Float[Array, " n"]:
    """How far each cluster moves a score of summed counts, by leaving it out (Tukey 1958). `score`: [r m] -> [r]."""
    n, total = clusters.shape[0], clusters.sum(axis=0)
    step = max(1, CHUNK * 256 // clusters.shape[1])
    return jackknife_influence(np.concatenate([score(total - clusters[start : start + step]) for start in range(0, n, step)]))


def jackknife_influence(without: Float[Array, " n"]) -> Float[Array, " n"]:
    """How far each cluster moves a score, from the scores without each."""
    n = len(without)
    return (without.mean() - without) * (n - 1) / n


def unskewed(t: float, skew: float) -> float:
    """A studentised mean whose skewness is removed: Hall's (1992) monotone cubic."""
    return t if math.isinf(t) else t + skew * t**2 / 3 + skew**2 * t**3 / 27 + skew / 6


def skewed(q: float, skew: float) -> float:
    """The t that `unskewed` turns into q."""
    return q - skew / 6 if abs(skew) < 1e-9 else float(np.cbrt(1 + skew * (q - skew / 6)) - 1) * 3 / skew


def t_p(t: float, skew: float, freedom: float | int, sign: float | int) -> float:
    """The larger p of Student's t and of Hall's; 1 of no difference."""
    smaller_t = min(sign * t, sign * unskewed(t, skew))
    return min(1.0, 2 * student_below(-smaller_t, freedom)) if sign else 1.0


def studentised_p(estimated: ClusterEstimate, sign: float | int) -> float:
    """p that the statistic is zero, with n - 1 degrees of freedom; 1 of a single cluster."""
    return t_p(estimated.t, estimated.skew, estimated.n - 1, sign) if estimated.n > 1 else 1.0


def t_bounds(estimated: ClusterEstimate, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of the values that `studentised_p` does not reject; needs two clusters and an error."""
    high = student_quantile((1 + confidence) / 2, estimated.n - 1)
    lowest, highest = min(-high, skewed(-high, estimated.skew)), max(high, skewed(high, estimated.skew))
    return estimated.value - highest * estimated.error, estimated.value - lowest * estimated.error


def sign_flip_p(differences: Float[Array, " n"], sign: float | int) -> float:
    """p of flipping the signs of paired differences (Fisher 1935): exact where at most EXACT_SIGNS differ, else of drawn signs.

    At least 2^(1 - k) where k are not zero; 1 where their sum is not on the side of `sign`. Draws depend on k alone.
    """
    nonzero = differences[differences != 0]
    observed = float(nonzero.sum())
    if observed * sign <= 0:
        return 1.0
    threshold = abs(observed) - TIE * float(np.abs(nonzero).sum())
    if len(nonzero) > EXACT_SIGNS:
        return _monte_carlo_p(len(nonzero), lambda signs: np.abs(signs @ nonzero) >= threshold)
    first_sums, second_sums = (np.sort(_all_signed_sums(half)) for half in (nonzero[: len(nonzero) // 2], nonzero[len(nonzero) // 2 :]))
    return float(2 * (len(second_sums) - np.searchsorted(second_sums, threshold - first_sums)).sum()) / 2 ** len(nonzero)


def swap_p(score: Callable[[Array], Array], a: Float[Array, "n m"], b: Float[Array, "n m"], sign: float | int) -> float:
    """As `sign_flip_p`, of the difference of two scores of summed counts, [r m] -> [r]: the rows are swapped within clusters."""
    differs = np.any(a != b, axis=1)
    halves, middle = ((a - b) / 2)[differs], (a.sum(axis=0) + b.sum(axis=0)) / 2

    def difference(shift: Array) -> Array:
        return score(middle + shift) - score(middle - shift)

    observed = float(difference(halves.sum(axis=0, keepdims=True))[0])
    return flipped_difference_p(len(halves), lambda signs: difference(signs @ halves), observed, sign)


def flipped_difference_p(k: int, difference: Callable[[Array], Array], observed: float, sign: float | int) -> float:
    """As `sign_flip_p`, of any difference of two rows as a function of the signs [r k] -> [r] of the k clusters that differ."""
    if observed * sign <= 0:
        return 1.0

    def is_extreme(signs: Array) -> Array:
        return np.abs(difference(signs)) >= abs(observed) * (1 - TIE)

    return float(is_extreme(_all_signs(k)).mean()) if k <= EXACT_SWAPS else _monte_carlo_p(k, is_extreme)


def _all_signed_sums(differences: Float[Array, " k"]) -> Float[Array, " r"]:
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums + difference, sums - difference])
    return sums


def _all_signs(k: int) -> Int8[Array, "r k"]:
    """All signs but the first's, which only turns a difference round."""
    bits = (np.arange(2 ** (k - 1))[:, None] >> np.arange(k - 1)) & 1
    return np.concatenate([np.ones((2 ** (k - 1), 1), np.int8), (1 - 2 * bits).astype(np.int8)], axis=1)


def _monte_carlo_p(k: int, is_extreme: Callable[[Array], Array]) -> float:
    """The share of drawn signs that are as extreme, the observed among them; draws go on until ENOUGH are, or MOST are drawn."""
    extreme = drawn = 0
    while drawn < MOST and extreme < ENOUGH:
        extreme += int(is_extreme(_signs(k, drawn // CHUNK)).sum())
        drawn += CHUNK
    return max((1 + extreme) / (1 + drawn), 2.0 ** (1 - k))


@lru_cache(maxsize=64)
def _signs(k: int, chunk: int) -> Int8[Array, "c k"]:
    random = np.random.Generator(np.random.PCG64([k, chunk]))
    return (2 * random.integers(2, size=(CHUNK, k), dtype=np.int8) - 1).astype(np.int8)


def paired_t(a: Sequence[float] | Float[Array, " n"], b: Sequence[float] | Float[Array, " n"]) -> float:
    """Two-sided p of the paired t test, a[i] and b[i] from one seed; differences without any spread have the sign test's, 2^(1 - n)."""
    estimated = seeds_estimate(a, b)
    return max(2 * student_below(-abs(estimated.t), estimated.n - 1), 2.0 ** (1 - estimated.n) if math.isinf(estimated.t) else 0.0)


def seeds_estimate(a: Sequence[float] | Float[Array, " n"], b: Sequence[float] | Float[Array, " n"]) -> ClusterEstimate:
    """The mean difference over seeds; spread below what floats can hold is none. Its skewness is not estimated: seeds are few."""
    differences = np.asarray(a, float) - np.asarray(b, float)
    size = float(max(np.abs(a).max(), np.abs(b).max()))
    flat = float(np.ptp(differences)) <= 1e-12 * size
    estimated = estimate_from_influence(float(differences.mean()), np.zeros(len(differences)) if flat else differences / len(differences))
    return estimated._replace(value=0.0) if flat and abs(estimated.value) <= 1e-12 * size else estimated._replace(skew=0.0)


def both_p(seeds: ClusterEstimate, items: ClusterEstimate, sign: float | int) -> float:
    """p over seeds and items together: the squares of their errors add up (crossed random effects), freedom by Welch and Satterthwaite.

    Each estimate may have its own scale (perplexity, nats): what counts is its value over its error. 1 where they differ in direction.
    """
    if not (seeds.t * sign > 0 and items.t * sign > 0):
        return 1.0
    shares = np.array([seeds.t**-2, items.t**-2])
    total = float(shares.sum())
    if total == 0:
        return 0.0
    seeds_share, items_share = shares / total
    freedom = 1 / (seeds_share**2 / (seeds.n - 1) + items_share**2 / (items.n - 1)) if items.n > 1 else 1.0
    return t_p(sign / math.sqrt(total), items.skew * float(items_share) ** 1.5, float(freedom), sign)


def wilson_bounds(share: float, n: float | int, confidence: float = 0.95, z: float | None = None) -> tuple[float, float]:
    """The Wilson (1927) interval of a share of n trials; `z` instead of the normal quantile."""
    z = normal_quantile((1 + confidence) / 2) if z is None else z
    middle, spread = share + z * z / (2 * n), z * math.sqrt(max(share * (1 - share), 0.0) / n + z * z / (4 * n * n))
    low, high = ((middle + side * spread) / (1 + z * z / n) for side in (-1, 1))
    return max(0.0, min(low, share)), min(1.0, max(high, share))
