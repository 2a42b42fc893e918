"""How a finished language model scores the completions of prompts, or a text."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from research.config.data import Text as Corpus
from research.config.errors import StepladderError
from research.config.model import Interpolation, NGram
from research.config.schema import Config, check_seed
from research.config.unicode import argument_text
from research.data.prompts import Asked, Line, Query, longest, queries, read_prompts, unknown
from research.launch.open_run import OpenRun
from research.launch.plan import sizes
from research.launch.reach import check_reach
from research.tasks.prompting import Judged, by_line, greedy, greedy_by_counts, judge, judge_by_counts, metrics, right_ones
from research.train.evaluate import perplexity


class Request(NamedTuple):
    """Lines to be scored, with so many examples before each; `seed` None: that of the run."""

    lines: tuple[Line, ...]
    examples: int = 0
    seed: int | None = None


def request_of(file: Path | None, text: str | None, examples: int | None, seed: int | None) -> Request:
    """What the command names: a prompt set, or a text, which is a completion without a prompt. Raises StepladderError for other words."""
    if (file is None) == (text is None):
        raise StepladderError("Give exactly one of --file and --text: prompts with their completions, or a text.")
    if examples is not None and file is None:
        raise StepladderError("--examples puts other lines of --file before a prompt, and a text has none; leave it out.")
    if seed is not None and not examples:
        raise StepladderError("--seed draws the examples of --examples, and there are none; leave it out.")
    if file is not None:
        return Request(read_prompts(file, "--file", examples or 0), examples or 0, seed)
    assert text is not None
    text = argument_text(text)
    if not text.strip():
        raise StepladderError("--text is empty: there is nothing to be scored.")
    return Request((Line("", (text.strip(),)),))


def score(run: OpenRun, request: Request) -> dict[str, Any]:
    """Totals, and each line with its perplexity and what the model itself writes after the prompt, as many tokens as are wanted."""
    config, data = run.config, run.data
    _check_scores_text(run, request)
    check_seed(request.seed, "--seed")
    prompt_set = Asked(request.lines, request.examples, data.vocabulary)
    prompt_queries = queries(prompt_set, run.seed if request.seed is None else request.seed)
    if not isinstance(config.model, NGram):
        check_reach(config.model, sizes(config, data), longest(prompt_queries), "Shorten it, or ask for fewer examples")
    judged_queries, greedy_texts = _score_and_decode(config, run.parameters, data.vocabulary.size, prompt_queries)
    items = by_line(prompt_queries, judged_queries)
    totals = {
        "lines": len(request.lines),
        "tokens": int(items["tokens"].sum()),
        "unknown": unknown(prompt_set),
        **metrics(prompt_queries, items),
    }
    lines = [_line_data(request.lines[i], items, i, data.vocabulary.decode(text)) for i, text in enumerate(greedy_texts)]
    return {"cell_id": run.cell_id, **totals, "each": lines}


def _check_scores_text(run: OpenRun, request: Request) -> None:
    config = run.config
    if not isinstance(config.data, Corpus):
        raise StepladderError(
            f"{run.cell_id} was trained on {config.data.kind}, which is no text that goes on after a prompt; name a language model of text."
        )
    if isinstance(config.model, Interpolation):
        raise StepladderError(f"{run.cell_id} is an interpolation, which keeps no model that reads a prompt; name one of its parts.")
    if isinstance(config.model, NGram) and request.examples:
        raise StepladderError("An n-gram begins anew at every line, so --examples on lines before a prompt change nothing; leave it out.")


def _score_and_decode(
    config: Config, params: Any, vocabulary: int, prompt_queries: tuple[Query, ...]
) -> tuple[list[Judged], list[np.ndarray]]:
    """The scores of every completion, and of every line the greedy text, as long as its right completion."""
    right_queries = [prompt_queries[i] for i in right_ones(prompt_queries)]
    if isinstance(config.model, NGram):
        return judge_by_counts(params, prompt_queries), greedy_by_counts(params, right_queries)
    return judge(config.model, params, vocabulary, prompt_queries), greedy(config.model, params, vocabulary, right_queries)


def _line_data(line: Line, items: dict[str, np.ndarray], i: int, greedy_text: str) -> dict[str, Any]:
    fields = {"prompt": line.prompt, "completions": list(line.completions), "tokens": int(items["tokens"][i])}
    fields |= {"perplexity": perplexity(float(items["loss"][i]) / float(items["tokens"][i])), "greedy": greedy_text}
    return fields | {name: bool(items[name][i]) for name in ("exact", "preferred") if name in items}
