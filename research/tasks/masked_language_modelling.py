"""Predict hidden tokens of a text from all around them (Devlin et al. 2019), and score every token once (Salazar et al. 2020).

In training some tokens of a window are hidden anew in every step; in evaluation which are is a function of the token's number in the split.
"""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from research.config.schema import Config
from research.config.task import MaskedLanguageModelling
from research.data.batch_arrays import Batch
from research.data.dataset import Dataset, Identity
from research.data.download import sha256
from research.metrics.item_values import measure_fields, measured_names
from research.models import MODELS
from research.tasks.language_modelling import ANY_GROUP, split_to_score
from research.tasks.latency_calls import whole_row_call
from research.tasks.masking import evaluation_groups, group_of_token, hidden_count, hide_tokens
from research.tasks.membership import TokenMembership, token_membership
from research.tasks.outcomes import Outcomes, accuracies, group_parts, item_sums, mean_loss, perplexity, token_fields, token_sums
from research.tasks.sizes import Sizes
from research.tasks.symbols import SYMBOL_OUTCOMES, symbol_loss, symbol_outcome, token_nats
from research.tasks.task_kind import TEST, VALID, LossSums, Metrics, SplitToScore, Streams, TaskKind, never_carries, no_finish, no_folds


def masking_words(config: Config) -> MaskedLanguageModelling:
    """The words of [task]."""
    assert isinstance(config.task, MaskedLanguageModelling), "the task of this config hides tokens"
    return config.task


def masked_sizes(config: Config, data: Dataset) -> Sizes:
    """One symbol more is read than is predicted: <mask>, the last."""
    assert config.data.reads == "text", "a text is masked"
    return Sizes(data.vocabulary.size + 1, config.data.length, data.vocabulary.size)


def hidden_share(config: Config, data: Dataset) -> float:
    """The hidden tokens' of a window."""
    assert config.data.reads == "text", "a text is masked"
    return hidden_count(masking_words(config), config.data.length) / config.data.length


def hidden_readings(config: Config) -> int:
    """One for each group of tokens that are hidden together."""
    return evaluation_groups(masking_words(config))


def masked_splits(config: Config, data: Dataset) -> dict[str, SplitToScore]:
    """Validation and test; a window is read several times, so that each of its tokens is hidden once."""
    return {name: _masked_split(config, data, name) for name in (VALID, TEST)}


def _masked_split(config: Config, data: Dataset, name: str) -> SplitToScore:
    words, split = masking_words(config), split_to_score(config, data, name)
    batches = tuple(_masked_batches(words, batch, data.vocabulary.size) for batch in split.batches)
    return SplitToScore(batches, split.belongs._replace(identity=_masked_identity(words, split.belongs.identity)))


def _masked_batches(words: MaskedLanguageModelling, batch: Batch, mask: int) -> Batch:
    """The same windows, once for each group of tokens: what is read are the tokens themselves, those of the group behind <mask>."""
    exists, group = batch.weight > 0, group_of_token(words, batch.index)
    assert batch.where is None, "every token of a window is scored"
    readings = [exists & (group == number) for number in range(evaluation_groups(words))]
    return replace(
        batch,
        inputs=np.concatenate([np.where(hidden, mask, batch.targets).astype(np.int32) for hidden in readings]),
        valid=np.concatenate([exists] * len(readings)),
        targets=np.concatenate([batch.targets] * len(readings)),
        weight=np.concatenate([hidden.astype(np.float32) for hidden in readings]),
        index=np.concatenate([np.where(hidden, batch.index, -1).astype(np.int32) for hidden in readings]),
    )


def _masked_identity(words: MaskedLanguageModelling, identity: Identity | None) -> Identity | None:
    """What is behind a mask is no next token: nothing of it compares with that of a model that reads from the left."""
    hidden = f"{evaluation_groups(words)} {words.span}"
    return identity and identity._replace(targets=sha256(f"{identity.targets} hidden {hidden}".encode())[: len(identity.targets)])


def masked_loss(config: Config, params: PyTree, carry: PyTree, batch: Batch, streams: Streams) -> tuple[PyTree, LossSums]:
    """The cross-entropy of the hidden tokens. Streams: "masking" and "dropout"."""
    mask = MODELS[type(config.model)].output(config.model, params)[0].shape[1]
    inputs, where = hide_tokens(masking_words(config), batch.targets, streams("masking"), mask)
    targets, weight, index = (jnp.take_along_axis(x, where, axis=1) for x in (batch.targets, batch.weight, batch.index))
    masked = replace(batch, inputs=inputs, targets=targets, weight=weight, index=index, where=where)
    return symbol_loss(config, params, carry, masked, streams)


def measure_hidden_tokens(config: Config, name: str, outcomes: Outcomes, belongs: TokenMembership) -> dict[str, float]:
    """Loss in nats a token, its exponential, which is no perplexity of the text, and accuracy."""
    losses = mean_loss(outcomes)
    shares = accuracies(outcomes["correct"], group_parts(belongs))
    return losses | {"pseudo_perplexity": perplexity(losses["loss"])} | shares | measure_fields(token_sums(outcomes))


def hidden_metrics(config: Config, available: frozenset[str]) -> Metrics:
    """As `measure_hidden_tokens` names them."""
    return Metrics(("loss", "pseudo_perplexity", "accuracy", f"accuracy{ANY_GROUP}", *measured_names(token_fields(available))), ())


MASKED_LANGUAGE_MODELLING = TaskKind(
    sizes=masked_sizes,
    scored_share=hidden_share,
    readings=hidden_readings,
    splits=masked_splits,
    belongs=token_membership,
    carries=never_carries,
    loss=masked_loss,
    outcome=symbol_outcome,
    outcomes=SYMBOL_OUTCOMES,
    measure=measure_hidden_tokens,
    items=item_sums,
    token_losses=token_nats,
    metrics=hidden_metrics,
    pool=no_folds,
    finish=no_finish,
    call=whole_row_call,
)
