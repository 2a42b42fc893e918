"""The sizes of a case's work. Ours and the peers read one frozen value, so they cannot differ."""

from typing import NamedTuple


class TransformerSizes(NamedTuple):
    """Pre-norm, learned positions, tied embedding, gelu of width 4x; trained by AdamW on random windows."""

    layers: int
    heads: int
    width: int
    length: int
    batch: int
    vocabulary: int
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    clip: float = 1.0


class LSTMSizes(NamedTuple):
    """An LSTM between embedding and output, trained by SGD with its state carried; the loss is summed over time."""

    layers: int
    width: int
    length: int
    batch: int
    vocabulary: int
    dropout: float = 0.0  # of the input, between layers, and before the output
    learning_rate: float = 0.1
    clip: float = 5.0


class PopulationSizes(NamedTuple):
    """Runs of one model that differ in their seed."""

    model: TransformerSizes | LSTMSizes
    runs: int


class SweepSizes(NamedTuple):
    """A sweep over heads and learning rates: every run is trained, validated once and tested once."""

    model: TransformerSizes  # `heads`, `learning_rate` and `vocabulary` are replaced by the axes and by the text's own
    heads: tuple[int, ...] = (1, 2, 4, 8)
    learning_rates: tuple[float, ...] = (3e-4, 1e-3, 3e-3)
    seeds: int = 5
    steps: int = 500
    train_tokens: int = 200_000
    valid_tokens: int = 10_000
    test_tokens: int = 10_000


class NGramSizes(NamedTuple):
    """An n-gram model with modified Kneser-Ney smoothing, and how many tokens it is fitted on and scores."""

    fitted: int
    scored: int
    order: int = 5
    vocabulary: int = 10_000


class GenerationSizes(NamedTuple):
    """Greedy text from `model`, whose batch is the number of rows."""

    model: TransformerSizes
    prompt: int = 8
    tokens: int = 256


class ProcessSizes(NamedTuple):
    """A process from its start; `model`, where it trains one to its first step."""

    model: TransformerSizes | None = None


class GrowthSizes(NamedTuple):
    """One training step while one size grows."""

    model: TransformerSizes | LSTMSizes
    along: str  # a size of `model`, or what there is more of: members | cells
    values: tuple[int, ...]


class TrickSizes(NamedTuple):
    """Some work, done with one of our tricks and without it."""

    work: TransformerSizes | LSTMSizes | GenerationSizes
    runs: int = 1


CaseSizes = (
    TransformerSizes | LSTMSizes | PopulationSizes | SweepSizes | NGramSizes | GenerationSizes | ProcessSizes | GrowthSizes | TrickSizes
)


NOT_SHOWN = ("learning_rate", "weight_decay", "clip", "along", "values", "work")


def describe_sizes(sizes: CaseSizes) -> str:
    """The sizes in words, the model's in place of its name; what grows is left out."""
    grows = sizes.along if isinstance(sizes, GrowthSizes) else ""
    parts = []
    if isinstance(sizes, TrickSizes):
        return describe_sizes(sizes.work) + (f", runs {sizes.runs}" if sizes.runs > 1 else "")
    for name, value in {**_of_model(sizes), **sizes._asdict()}.items():
        if name not in (*NOT_SHOWN, "model", grows) and value:
            listed = ", ".join(map(str, value)) if isinstance(value, tuple) else f"{value:,}" if isinstance(value, int) else str(value)
            parts.append(f"{name.replace('_', ' ')} {listed}")
    return ", ".join(parts)


def _of_model(sizes: CaseSizes) -> dict[str, int | float]:
    model = getattr(sizes, "model", None)
    return model._asdict() if model else {}
