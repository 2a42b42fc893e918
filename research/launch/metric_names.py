"""The names of the metrics that a run of a config will have, known before it is trained; a group is `_at_*`."""

from research.config.classify import BagOfWords, NGramClassifier
from research.config.data import Labelled, Text
from research.config.model import Interpolation, NGram
from research.config.pairs import Pairs
from research.config.rules import Rules
from research.config.schema import Config
from research.results.measures import PROMPTS
from research.results.text_scores import CORPUS, DIVERSITIES, MEANS
from research.tasks.classifying import believes

ANY_GROUP = "_at_*"
BITS = ("bits_per_character", "bits_per_byte")
OF_PROMPTS = ("perplexity", "bits_per_character", "exact_match", "preferred")
ALIGNMENT = ("alignment_accuracy", "alignment_entropy")


def metric_names(config: Config) -> frozenset[str]:
    """The metrics of `valid` and `test`, such as `test.perplexity`."""
    both = (*_losses(config), *_shares(config))
    return frozenset(f"{split}.{name}" for split in ("valid", "test") for name in both) | {f"test.{name}" for name in _of_test(config)}


def _losses(config: Config) -> tuple[str, ...]:
    """Those of a model that gives what is scored a probability."""
    if isinstance(config.model, BagOfWords | NGramClassifier | Rules) and not believes(config.model):
        return ()
    bits = BITS if isinstance(config.data, Text) else ()
    return ("loss", *(() if isinstance(config.data, Labelled) else ("perplexity",)), *bits)


def _shares(config: Config) -> tuple[str, ...]:
    """Those of a model of which it is known what it holds for the likeliest."""
    if isinstance(config.model, Interpolation) or (isinstance(config.model, NGram) and isinstance(config.data, Text)):
        return ()
    return ("accuracy", f"accuracy{ANY_GROUP}", *(("macro_f1",) if isinstance(config.data, Labelled) else ()))


def _of_test(config: Config) -> list[str]:
    names = [f"perplexity_at_{window}" for window in config.eval.also if config.trained]
    names += [f"{name}_at_{config.eval.misspelt:g}_misspelt" for name in BITS] if config.eval.misspelt else []
    names += [f"{name}{PROMPTS}" for name in OF_PROMPTS] if config.eval.prompts else []
    if isinstance(config.data, Pairs) and config.trained:
        texts = (*CORPUS, *MEANS)
        names += [*texts, *(f"{name}{ANY_GROUP}" for name in texts), *ALIGNMENT]
        names += DIVERSITIES if getattr(config.decode, "texts", 1) > 1 else ()
    return names
