"""Prompt sets: what a file may hold, which examples stand before a line, and how both are cut into tokens."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.config.errors import StepladderError
from research.data.prompts import (
    PromptLine,
    PromptSet,
    count_unknown,
    identify_prompts,
    in_context,
    join_prompt,
    longest_query,
    prompt_queries,
    read_prompt_lines,
)
from research.data.tokenizer_cache import fitted_tokenizer
from research.text.tokenizers.tokenizer import segment, unlearned
from research.text.vocabulary import build_vocabulary, own_vocabulary, subword_vocabulary

TEXT = "the cat sat on the mat, and the dog sat too.\nwhat's that? a hat!\n"
VOCABULARIES = {
    **{level: build_vocabulary(segment(unlearned(level), TEXT), level) for level in ("word", "char")},
    "byte": own_vocabulary("byte"),
    **{kind: subword_vocabulary(fitted_tokenizer(TEXT, kind, size)) for kind, size in (("bpe", 40), ("byte_bpe", 280), ("unigram", 40))},
}
LINES = (
    PromptLine("the cat", ("sat on",)),
    PromptLine("", ("what's that?",)),
    PromptLine("the dog", ("sat too.",)),
    PromptLine("a", ("hat!",)),
)
MISTAKES = {
    "": "is empty",
    "a b\n": "line 1, has no tab",
    "a\tb\n\nc\td\n": "line 2, has no tab",
    "a\tb\nc\t \n": "line 2, has an empty completion",
    "a\tb\tb\n": "line 1, has the same completion twice",
    "a\tb\nc\td\nc\td\te\n": "line 3, has several completions, and line 1 has one completion",
    "a\tb\tc\nc\td\n": "line 2, has one completion, and line 1 has several completions",
    b"a\tb\n\xff\tb\n": "is not UTF-8: line 2",
}


@pytest.mark.parametrize("content", MISTAKES)
def test_a_mistake_is_told_with_its_line(tmp_path, content):
    path = tmp_path / "set.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(StepladderError, match=r"eval\.prompts\.file = .*set\.tsv") as raised:
        read_prompt_lines(path, "eval.prompts.file")
    assert MISTAKES[content] in str(raised.value)


def test_a_file_that_is_not_there_and_too_many_examples(tmp_path):
    with pytest.raises(StepladderError, match="cannot be read: No such file"):
        read_prompt_lines(tmp_path / "none", "--file")
    path = tmp_path / "set.tsv"
    path.write_text("a\tb\nc\td\r\na\te")
    assert read_prompt_lines(path, "--file", 1) == (PromptLine("a", ("b",)), PromptLine("c", ("d",)), PromptLine("a", ("e",)))
    with pytest.raises(StepladderError, match="examples = 2, and line 1 has 1 others"):
        read_prompt_lines(path, "--file", 2)


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=2, max_size=9), st.integers(0, 8), st.integers(0, 3), st.integers(0, 99))
def test_examples_are_other_lines_by_the_seed_alone(prompts, number, examples, seed):
    """Never the line nor one of its prompt; none twice; one more is put before those of fewer; other lines' answers are no matter."""
    lines, number = [PromptLine(f"p{prompt}", (f"c{i}",)) for i, prompt in enumerate(prompts)], number % len(prompts)
    *before, last = in_context(lines, number, examples, seed).split("\n")
    others = [join_prompt(line.prompt, line.completions[0]) for line in lines if line.prompt != lines[number].prompt]
    assert last == lines[number].prompt
    assert set(before) <= set(others)
    assert len(set(before)) == len(before) == min(examples, len(others))
    assert in_context(lines, number, max(0, examples - 1), seed).endswith("\n".join([*before[1:], last]))


def test_seeds_draw_differently():
    lines = [PromptLine(f"p{i}", ("c",)) for i in range(30)]
    assert len({in_context(lines, 3, 2, seed) for seed in range(8)}) > 4


@pytest.mark.parametrize("level", VOCABULARIES)
def test_prompt_and_completion_are_cut_as_their_text_is(level):
    vocabulary = VOCABULARIES[level]
    for query in prompt_queries(PromptSet(LINES, 2, vocabulary), 1):
        line = LINES[query.line]
        before = in_context(LINES, query.line, 2, 1).removesuffix(line.prompt)
        whole = vocabulary.encode(before + join_prompt(line.prompt, line.completions[0]))
        np.testing.assert_array_equal(np.concatenate([query.context, query.completion]), [vocabulary.eos, *whole])
        assert query.characters == len(line.completions[0]) + bool(line.prompt)


def test_every_completion_of_a_line_has_its_context():
    lines = (PromptLine("the cat", ("sat", "too.", "nowhere")), PromptLine("a", ("hat!", "mat,")))
    asked = PromptSet(lines, 1, VOCABULARIES["word"])
    found = prompt_queries(asked, 0)
    assert [query.line for query in found] == [0, 0, 0, 1, 1]
    for one in found[1:3]:
        np.testing.assert_array_equal(one.context, found[0].context)
    assert longest_query(found) == max(len(query.context) for query in found)
    assert count_unknown(asked) == 0
    assert count_unknown(asked._replace(lines=(PromptLine("the cow", ("nowhere", "sat")),))) == 2


def test_the_identity_is_of_lines_and_of_the_symbols_of_completions():
    asked = PromptSet(LINES, 0, VOCABULARIES["word"])
    one, other = identify_prompts(asked), identify_prompts(asked._replace(vocabulary=VOCABULARIES["char"]))
    assert one.text == other.text
    assert one.targets != other.targets
    assert identify_prompts(asked._replace(examples=2)) == one
    assert identify_prompts(asked._replace(lines=LINES[:3])).text != one.text
