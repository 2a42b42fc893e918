"""Prompt sets: lines of a prompt and its completions, and the tokens of both for a vocabulary.

What a model reads of a line, with two examples before it, and what is scored:

    eos  example 1's prompt  its completion  eos  example 2's ...  eos  prompt | completion

A completion begins with the space between it and its prompt, and has no end. Of several completions the first is right.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32

from research.config import unicode
from research.config.errors import StepladderError
from research.config.evaluation import Evaluation
from research.data.dataset import Identity
from research.data.download import digest_of
from research.data.split_identity import DIGEST_DIGITS
from research.data.utf8 import as_text
from research.text.vocabulary import Vocabulary

SEPARATOR = "\t"


class PromptLine(NamedTuple):
    """One line of a prompt set; the prompt may be empty."""

    prompt: str
    completions: tuple[str, ...]  # the right one first


class PromptSet(NamedTuple):
    """A prompt set as a model of this vocabulary is asked it."""

    lines: tuple[PromptLine, ...]
    examples: int
    vocabulary: Vocabulary


class Query(NamedTuple):
    """One completion of one line."""

    line: int
    context: Int32[np.ndarray, " c"]
    completion: Int32[np.ndarray, " n"]
    characters: int  # of the completion, with the space before it


def read_prompt_lines(file: str | Path, option: str, examples: int = 0) -> tuple[PromptLine, ...]:
    """The lines of a prompt set. White space at the ends of a prompt and a completion is dropped.

    Raises StepladderError, which begins with `option`, for no file, no UTF-8, a line without both parts, lines of which some have one
    completion and others several, and where a line has less than `examples` others.
    """
    place = f"{option} = {str(file)!r}"
    try:
        content = unicode.decode_path(str(file)).read_bytes()
    except OSError as error:
        raise StepladderError(
            f"{place} cannot be read: {error.strerror}. It is to have a prompt, a tab and its completion on every line; relative paths "
            f"start at {Path.cwd()}."
        ) from None
    if not content.strip():
        raise StepladderError(f"{place} is empty: it is to have a prompt, a tab and its completion on every line.")
    lines = tuple(_line(line, f"{place}, line {n}") for n, line in enumerate(unicode.split_lines(as_text(content, place)), 1))
    has_several = [len(line.completions) > 1 for line in lines]
    if any(has_several) and not all(has_several):
        other, phrase = has_several.index(not has_several[0]) + 1, {True: "several completions", False: "one completion"}
        raise StepladderError(
            f"{place}, line {other}, has {phrase[not has_several[0]]}, and line 1 has {phrase[has_several[0]]}: which of several a model "
            "prefers is asked on every line or on none."
        )
    if examples:
        _check_examples(lines, examples, place)
    return lines


def load_prompt_set(evaluation: Evaluation, vocabulary: Vocabulary) -> PromptSet | None:
    """The prompt set of [eval], None where it names none."""
    if evaluation.prompts is None:
        return None
    file, examples = evaluation.prompts.file, evaluation.prompts.examples
    return PromptSet(read_prompt_lines(file, "eval.prompts.file", examples), examples, vocabulary)


def _line(line: str, place: str) -> PromptLine:
    prompt, *completions = (part.strip() for part in line.split(SEPARATOR))
    if not completions:
        raise StepladderError(f"{place}, has no tab: write a prompt, a tab and its completion.")
    if "" in completions:
        raise StepladderError(f"{place}, has an empty completion: there is nothing to be scored.")
    if len(set(completions)) < len(completions):
        raise StepladderError(f"{place}, has the same completion twice: no model could prefer one of them.")
    return PromptLine(prompt, tuple(completions))


def _check_examples(lines: Sequence[PromptLine], examples: int, place: str) -> None:
    least = min(range(len(lines)), key=lambda number: len(_others(lines, number)))
    if examples > (available := len(_others(lines, least))):
        raise StepladderError(
            f"{place}: examples = {examples}, and line {least + 1} has {available} others to draw from, without those of its own prompt. "
            "Ask for fewer, or add lines."
        )


def _others(lines: Sequence[PromptLine], number: int) -> list[int]:
    """The lines that may stand before one: not itself, nor another of the same prompt, which would give the answer away."""
    return [other for other, line in enumerate(lines) if line.prompt != lines[number].prompt]


def in_context(lines: Sequence[PromptLine], number: int, examples: int, seed: int) -> str:
    """What stands before a line's completion: so many others with their right completions, a line each, and its prompt.

    They are a function of the lines, the number and the seed; more examples keep those of fewer, nearest to the prompt.
    """
    order = np.random.default_rng([seed, number]).permutation(_others(lines, number)) if examples else np.zeros(0, int)
    example_lines = [lines[other] for other in order[:examples][::-1]]
    return "".join(f"{join_prompt(line.prompt, line.completions[0])}\n" for line in example_lines) + lines[number].prompt


def join_prompt(prompt: str, completion: str) -> str:
    """The text of both, with a space between."""
    return f"{prompt} {completion}" if prompt else completion


def prompt_queries(prompt_set: PromptSet, seed: int) -> tuple[Query, ...]:
    """Every completion of every line, in the file's order."""
    vocabulary, all_queries = prompt_set.vocabulary, []
    for number, line in enumerate(prompt_set.lines):
        context = in_context(prompt_set.lines, number, prompt_set.examples, seed)
        context_numbers = np.concatenate([[vocabulary.eos], vocabulary.encode(context)]).astype(np.int32)
        for completion in line.completions:
            text = join_prompt(line.prompt, completion)[len(line.prompt) :]
            characters = _character_count(vocabulary, join_prompt(line.prompt, completion)) - _character_count(vocabulary, line.prompt)
            all_queries.append(Query(number, context_numbers, vocabulary.encode(text), characters))
    return tuple(all_queries)


def _character_count(vocabulary: Vocabulary, text: str) -> int:
    """The characters of a text that its tokens hold: of words, with one space between two."""
    return len(vocabulary.text(vocabulary.tokens(text)))


def count_unknown(prompt_set: PromptSet) -> int:
    """How many symbols of prompts and right completions the vocabulary has not, examples left out."""
    text = "\n".join(join_prompt(line.prompt, line.completions[0]) for line in prompt_set.lines)
    return 0 if prompt_set.vocabulary.unk is None else int((prompt_set.vocabulary.encode(text) == prompt_set.vocabulary.unk).sum())


def longest_query(queries: Sequence[Query]) -> int:
    """How many positions a model must reach: those of the longest line, but for its last symbol, which is no input."""
    return max(len(query.context) + len(query.completion) - 1 for query in queries)


def identify_prompts(prompt_set: PromptSet) -> Identity:
    """Digests of the lines and of the symbols of their completions; the examples before them are no part of what is scored."""
    text = [list(line) for line in prompt_set.lines]
    symbols = [
        [prompt_set.vocabulary.types[number] for number in query.completion] for query in prompt_queries(prompt_set._replace(examples=0), 0)
    ]
    return Identity(digest_of([text])[:DIGEST_DIGITS], digest_of([text, symbols])[:DIGEST_DIGITS])
