"""Write a target after its source, symbol by symbol: scored on true targets, then decoded."""

import json
from collections.abc import Sequence
from functools import partial

import numpy as np
from jaxtyping import PyTree

from research.config.pairs import BleuTokenizer
from research.config.schema import Config, Model
from research.data.batch_arrays import Batch
from research.data.dataset import Dataset, ExampleSplit
from research.metrics.alignments import ALIGNMENTS
from research.metrics.item_values import count_texts, measure_fields, measure_groups, measured_names
from research.metrics.length_ranges import length_ranges
from research.metrics.registry import fields_made_of
from research.tasks.example_splits import example_splits
from research.tasks.language_modelling import ANY_GROUP
from research.tasks.latency_calls import next_symbol_call
from research.tasks.membership import TokenMembership, token_membership
from research.tasks.outcomes import Outcomes, accuracies, item_sums, mean_loss, perplexity, token_fields, token_sums
from research.tasks.sizes import Sizes
from research.tasks.symbols import (
    SYMBOL_OUTCOMES,
    example_share,
    symbol_loss,
    symbol_outcome,
    token_nats,
    with_scheduled_sampling,
)
from research.tasks.task_kind import (
    Finish,
    LossSums,
    Metrics,
    Streams,
    TaskKind,
    never_carries,
    no_folds,
    one_reading,
)
from research.tasks.translations import Translations, translate_test_split
from research.text import diversity as text_diversity
from research.text import translation_scores as text_scores


def pair_sizes(config: Config, data: Dataset) -> Sizes:
    """Both sides of training."""
    assert isinstance(data.train, ExampleSplit), "translation needs pairs"
    assert data.sides, "translation needs pairs"
    sides = data.sides
    return Sizes(data.vocabulary.size, data.train.inputs.shape[1], 0, data.train.source, sides.targets, sides.first_source)


def target_loss(config: Config, params: PyTree, carry: PyTree, batch: Batch, streams: Streams) -> tuple[PyTree, LossSums]:
    """The cross-entropy of the target's symbols. Streams: "dropout", and "scheduled_sampling" where `train` asks for it."""
    if config.train.scheduled_sampling:
        batch = with_scheduled_sampling(config, params, carry, batch, streams("scheduled_sampling"))
    return symbol_loss(config, params, carry, batch, streams)


def measure_targets(config: Config, name: str, outcomes: Outcomes, belongs: TokenMembership) -> dict[str, float]:
    """Loss and perplexity a target symbol; accuracy in all and by ranges of the source's length."""
    losses = mean_loss(outcomes)
    metrics = losses | {"perplexity": perplexity(losses["loss"])} if losses else {}
    shares = accuracies(outcomes["correct"], _length_parts(belongs)) if "correct" in outcomes else {}
    return metrics | shares | measure_fields(token_sums(outcomes))


def _length_parts(belongs: TokenMembership) -> list[tuple[str, np.ndarray]]:
    """Ranges of the lengths of sources, which count items, not tokens."""
    groups = belongs.groups
    if groups is None:
        return []
    _, first, inverse = np.unique(belongs.items, return_index=True, return_inverse=True)
    range_names = length_ranges(groups[first])[inverse]
    return [(name, range_names == name) for name in dict.fromkeys(range_names[np.argsort(groups, kind="stable")].tolist())]


def target_metrics(config: Config, available: frozenset[str]) -> Metrics:
    """As `measure_targets` names them, and those of what is written."""
    losses = ("loss", "perplexity") if "nats" in available else ()
    shares = ("accuracy", f"accuracy{ANY_GROUP}") if "correct" in available else ()
    both = (*losses, *shares, *measured_names(token_fields(available)))
    if not config.trained:
        return Metrics(both, ())
    texts = measured_names(fields_made_of("texts"))
    diversities = measured_names(fields_made_of("several texts")) if config.decode.texts_per_source > 1 else ()
    alignments = (metric.name for metric in ALIGNMENTS)
    return Metrics(both, (*texts, *(f"{name}{ANY_GROUP}" for name in texts), *alignments, *diversities))


def write_texts(config: Config, model: Model, seed: int, params: PyTree, data: Dataset) -> Finish:
    """The test sources translated: metrics and items of the texts, texts.jsonl, and attention.npz where there is any."""
    assert config.data.asks == "targets", "texts are written of pairs"
    tokenizer = config.data.bleu_tokenizer
    written = translate_test_split(config, model, seed, params, data)
    first_texts = [texts[0] for texts in written.texts]
    items = text_scores.text_items(first_texts, written.references, tokenizer) | count_texts(first_texts, written.references)
    metrics = measure_groups(items, length_ranges(written.lengths)) | written.alignment
    if len(written.texts[0]) > 1:
        diversity = text_diversity.diversity(written.texts)
        metrics |= measure_fields(diversity)
        items |= diversity
    lines = zip(written.sources, written.references, written.texts, strict=True)
    return Finish(
        metrics,
        items,
        arrays={"attention.npz": written.attention} if written.attention else {},
        texts={"texts.jsonl": "".join(_json_line(*line) for line in lines)},
        extra=written.shares,
        signatures=_signatures(tokenizer, written),
    )


def _json_line(source: str, reference: str, texts: Sequence[str]) -> str:
    return json.dumps({"source": source, "reference": reference, "written": texts}, ensure_ascii=False) + "\n"


def _signatures(tokenizer: BleuTokenizer, written: Translations) -> dict[str, str]:
    texts = len(written.texts[0])
    return text_scores.metric_signatures(tokenizer) | (text_diversity.self_bleu_signature(texts) if texts > 1 else {})


TRANSLATION = TaskKind(
    sizes=pair_sizes,
    scored_share=example_share,
    readings=one_reading,
    splits=partial(example_splits, token_membership),
    belongs=token_membership,
    carries=never_carries,
    loss=target_loss,
    outcome=symbol_outcome,
    outcomes=SYMBOL_OUTCOMES,
    measure=measure_targets,
    items=item_sums,
    token_losses=token_nats,
    metrics=target_metrics,
    pool=no_folds,
    finish=write_texts,
    call=next_symbol_call,
)
