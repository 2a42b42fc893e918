"""How a finished language model scores the completions of prompts, or a text."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from research.config.errors import StepladderError
from research.config.seeds import check_seed
from research.config.unicode import argument_text
from research.data.prompts import PromptLine, PromptSet, count_unknown, longest_query, prompt_queries, read_prompt_lines
from research.plan.position_limits import check_reach
from research.tasks.completions import completion_metrics, line_items, right_completions
from research.tasks.outcomes import perplexity
from research.tasks.registry import model_sizes
from research.use.completion_answers import CompletionAnswers
from research.use.finished_kinds import finished_kind
from research.use.open_run import OpenRun


class ScoringRequest(NamedTuple):
    """Lines to be scored, with so many examples before each; `seed` None: that of the run."""

    lines: tuple[PromptLine, ...]
    examples: int = 0
    seed: int | None = None


def scoring_request(file: Path | None, text: str | None, examples: int | None, seed: int | None) -> ScoringRequest:
    """What the command names: a prompt set, or a text, which is a completion without a prompt. Raises StepladderError for other words."""
    if (file is None) == (text is None):
        raise StepladderError("Give exactly one of --file and --text: prompts with their completions, or a text.")
    if examples is not None and file is None:
        raise StepladderError("--examples puts other lines of --file before a prompt, and a text has none; leave it out.")
    if seed is not None and not examples:
        raise StepladderError("--seed draws the examples of --examples, and there are none; leave it out.")
    if file is not None:
        return ScoringRequest(read_prompt_lines(file, "--file", examples or 0), examples or 0, seed)
    assert text is not None
    text = argument_text(text)
    if not text.strip():
        raise StepladderError("--text is empty: there is nothing to be scored.")
    return ScoringRequest((PromptLine("", (text.strip(),)),))


def score_prompts(run: OpenRun, request: ScoringRequest) -> dict[str, Any]:
    """Totals, and each line with its perplexity and what the model itself writes after the prompt, as many tokens as are wanted."""
    config, data = run.config, run.data
    answers = _scoring_of_completions(run, request)
    check_seed(request.seed, "--seed")
    prompt_set = PromptSet(request.lines, request.examples, data.vocabulary)
    completion_queries = prompt_queries(prompt_set, run.seed if request.seed is None else request.seed)
    check_reach(config.model, model_sizes(config, data), longest_query(completion_queries), "Shorten it, or ask for fewer examples")
    judged_queries = answers.scores(run.finished, completion_queries)
    greedy_texts = answers.greedy(run.finished, [completion_queries[i] for i in right_completions(completion_queries)])
    items = line_items(completion_queries, judged_queries)
    totals = {
        "lines": len(request.lines),
        "tokens": int(items["tokens"].sum()),
        "unknown": count_unknown(prompt_set),
        **completion_metrics(completion_queries, items),
    }
    lines = [_line_data(request.lines[i], items, i, data.vocabulary.decode(text)) for i, text in enumerate(greedy_texts)]
    return {"cell_id": run.cell_id, **totals, "each": lines}


def _scoring_of_completions(run: OpenRun, request: ScoringRequest) -> CompletionAnswers:
    """How the model scores completions. Raises StepladderError for one that cannot."""
    config = run.config
    if config.data.reads != "text":
        raise StepladderError(
            f"{run.cell_id} was trained on {config.data.kind}, which is no text that goes on after a prompt; name a language model of text."
        )
    completions = finished_kind(config.model).completions
    if isinstance(completions, str):
        raise StepladderError(f"{run.cell_id} is {completions}.")
    assert completions is not None, "a model of text"
    if request.examples and completions.no_examples:
        raise StepladderError(completions.no_examples)
    return completions


def _line_data(line: PromptLine, items: dict[str, np.ndarray], i: int, greedy_text: str) -> dict[str, Any]:
    fields = {"prompt": line.prompt, "completions": list(line.completions), "tokens": int(items["tokens"][i])}
    fields |= {"perplexity": perplexity(float(items["loss"][i]) / float(items["tokens"][i])), "greedy": greedy_text}
    return fields | {name: bool(items[name][i]) for name in ("exact", "preferred") if name in items}
