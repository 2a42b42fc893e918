"""Student's t and the normal distribution, as scipy.special has them: scipy.stats takes a second to import and gives the same bits."""


def student_quantile(probability: float, freedom: float | int) -> float:
    """The t that is not exceeded with this probability; NaN without a degree of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))


def student_below(t: float, freedom: float | int) -> float:
    """The probability that Student's t lies below."""
    from scipy.special import stdtr

    return float(stdtr(freedom, t))


def normal_quantile(probability: float) -> float:
    """The standard normal number that is not exceeded with this probability."""
    from scipy.special import ndtri

    return float(ndtri(probability))
