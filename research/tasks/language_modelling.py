"""Predict the next token, of a text or at the scored positions of generated examples."""

import numpy as np
from jaxtyping import PyTree

from research.config.schema import Config, Model
from research.data.dataset import Dataset, TextSplit, units
from research.data.eval_batches import eval_batches, items
from research.data.prompts import load_prompt_set
from research.data.text_dataset import misspelt_test_split
from research.metrics.item_values import measure_fields, measured_names
from research.models.decode import reachable_positions
from research.runs.measures import PROMPTS
from research.tasks.latency_calls import next_symbol_call
from research.tasks.membership import TokenMembership, named_split, token_membership
from research.tasks.outcomes import Outcomes, accuracies, bits, by_item, group_parts, mean_loss, perplexity, token_fields, token_sums
from research.tasks.prompt_scores import PromptScores, score_prompt_set
from research.tasks.sizes import Sizes
from research.tasks.symbols import SYMBOL_OUTCOMES, example_share, symbol_loss, symbol_outcome, token_nats
from research.tasks.task_kind import TEST, VALID, Finish, Metrics, SplitToScore, TaskKind, no_folds, one_reading

MISSPELT = "misspelt"  # the view of the test text whose words are misspelt
WINDOW = "at_"  # how the names of views at another window length begin
ANY_GROUP = "_at_*"
BITS = ("bits_per_character", "bits_per_byte")
PROMPT_METRICS = ("perplexity", "bits_per_character", "exact_match", "preferred")


def next_token_sizes(config: Config, data: Dataset) -> Sizes:
    """A text has windows of `data.length`, an example as many inputs as it has."""
    if config.data.reads == "text":
        return Sizes(data.vocabulary.size, config.data.length)
    return Sizes(data.vocabulary.size, data.train.inputs.shape[1])  # type: ignore[union-attr]


def next_token_share(config: Config, data: Dataset) -> float:
    """All positions of a text pay for the output layer."""
    return 1.0 if isinstance(data.train, TextSplit) else example_share(config, data)


def carries_state(config: Config) -> bool:
    """Contiguous columns of a text hand the carry on."""
    return config.data.reads == "text" and config.data.batches == "columns"


def text_splits(config: Config, data: Dataset) -> dict[str, SplitToScore]:
    """Validation and test, the test split at further window lengths that the model reaches, and misspelt."""
    windows = [window for window in config.eval.also if f"test.perplexity_at_{window}" not in unavailable_metrics(config)]
    test_views = {f"{WINDOW}{window}": split_to_score(config, data, TEST, window) for window in windows}
    misspelt = {MISSPELT: _misspelt(config, data)} if config.eval.misspelt else {}
    return {VALID: split_to_score(config, data, VALID), TEST: split_to_score(config, data, TEST)} | test_views | misspelt


def split_to_score(config: Config, data: Dataset, name: str, window: int | None = None) -> SplitToScore:
    """`window`: in tokens, where it is not the one that is asked for."""
    length, stride = (config.eval_length, config.eval_stride) if config.data.reads == "text" else (1, 1)
    batches = eval_batches(config.data, config.eval, named_split(data, name), data.eos, window or length, stride)
    return SplitToScore(batches, token_membership(data, name))


def _misspelt(config: Config, data: Dataset) -> SplitToScore:
    """The test text with `eval.misspelt` of its words misspelt."""
    copy = misspelt_test_split(data, config.eval.misspelt)
    batches = eval_batches(config.data, config.eval, copy, data.eos, config.eval_length, config.eval_stride)
    return SplitToScore(batches, copied_membership(copy))


def copied_membership(copy: TextSplit) -> TokenMembership:
    """Of a changed copy of a text: bits are over the characters and bytes that the original had."""
    return TokenMembership(items(copy), units=units(copy))


def unavailable_metrics(config: Config) -> dict[str, str]:
    """The metrics of `eval.also` that a model cannot have, and why: learned positions end at the training length."""
    if config.data.reads != "text" or (last := reachable_positions(config.model, config.data.length).text) is None:
        return {}
    reason = f"learned positions end at data.length = {last}"
    return {f"test.perplexity_at_{window}": reason for window in config.eval.also if window > last}


def measure_tokens(config: Config, name: str, outcomes: Outcomes, belongs: TokenMembership) -> dict[str, float]:
    """Loss in nats a token, perplexity, bits a character and a byte, accuracy in all and within groups."""
    if name == MISSPELT:
        return {f"{unit}_at_{config.eval.misspelt:g}_{MISSPELT}": value for unit, value in bits(outcomes, belongs).items()}
    losses = mean_loss(outcomes)
    if name.startswith(WINDOW):
        return {f"perplexity_{name}": perplexity(losses["loss"])}
    metrics = losses | {"perplexity": perplexity(losses["loss"])} | bits(outcomes, belongs) if losses else {}
    shares = accuracies(outcomes["correct"], group_parts(belongs)) if "correct" in outcomes else {}
    return metrics | shares | measure_fields(token_sums(outcomes))


def token_items(name: str, outcomes: Outcomes, belongs: TokenMembership) -> dict[str, np.ndarray]:
    """Sums by line or example; of the misspelt view its losses."""
    if name == MISSPELT:
        return {MISSPELT: by_item(outcomes, belongs)["loss"]}
    return {} if name.startswith(WINDOW) else by_item(outcomes, belongs)


def token_losses(name: str, outcomes: Outcomes) -> np.ndarray | None:
    """Nats of each token; not of further windows."""
    return None if name.startswith(WINDOW) else token_nats(name, outcomes)


def next_token_metrics(config: Config, available: frozenset[str]) -> Metrics:
    """As `measure_tokens` names them, and those of prompts."""
    losses = ("loss", "perplexity", *(BITS if config.data.reads == "text" else ())) if "nats" in available else ()
    names = [f"perplexity_at_{window}" for window in config.eval.also if config.trained]
    names += [f"{unit}_at_{config.eval.misspelt:g}_{MISSPELT}" for unit in BITS] if config.eval.misspelt else []
    names += [f"{name}{PROMPTS}" for name in PROMPT_METRICS] if config.eval.prompts else []
    shares = ("accuracy", f"accuracy{ANY_GROUP}") if "correct" in available else ()
    return Metrics((*losses, *shares, *measured_names(token_fields(available))), names)


def answer_prompts(config: Config, model: Model, seed: int, params: PyTree, data: Dataset) -> Finish:
    """The prompt set, where `eval` names one."""
    prompt_set = load_prompt_set(config.eval, data.vocabulary)
    return Finish() if prompt_set is None else prompted(score_prompt_set(model, params, prompt_set, seed))


def prompted(answers: PromptScores) -> Finish:
    """The metrics and the items of a prompt set."""
    return Finish(
        metrics={f"{name}{PROMPTS}": value for name, value in answers.metrics.items()},
        arrays={"prompts.npz": answers.items},
        identities={"prompts": answers.identity},
        extra={"unknown_in_prompts": answers.unknown},
    )


LANGUAGE_MODELLING = TaskKind(
    sizes=next_token_sizes,
    scored_share=next_token_share,
    readings=one_reading,
    splits=text_splits,
    belongs=token_membership,
    carries=carries_state,
    loss=symbol_loss,
    outcome=symbol_outcome,
    outcomes=SYMBOL_OUTCOMES,
    measure=measure_tokens,
    items=token_items,
    token_losses=token_losses,
    metrics=next_token_metrics,
    pool=no_folds,
    finish=answer_prompts,
    call=next_symbol_call,
)
