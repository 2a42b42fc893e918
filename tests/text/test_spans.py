"""Spans of tags: by conlleval's rules, in every scheme, counted sentence by sentence."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.text.spans import PREFIXES, Span, count_spans, find_spans, is_tag_of, runs_as_spans, scheme_tags, write_spans

TYPES = ("LOC", "PER")
SCHEMES = ("bio", "iob1", "bioes")
ANY_TAG = st.sampled_from(["O", *(f"{prefix}-{name}" for name in TYPES for prefix in "BIES")])


def chunks(tags):
    """conlleval's two questions, asked at each gap between words: does a chunk end here, does one start here?"""
    found, start = set(), None
    for place in range(len(tags) + 1):
        before = tags[place - 1] if place else "O"
        here = tags[place] if place < len(tags) else "O"
        (p, _, p_type), (q, _, q_type) = before.partition("-"), here.partition("-")
        ends = p in "ES" or (p in "BI" and q in "BSO") or (p != "O" and p_type != q_type)
        starts = q in "BS" or (p in "ESO" and q in "IE") or (q != "O" and p_type != q_type)
        if ends and start is not None:
            found.add((p_type, start, place - 1))
            start = None
        if starts:
            start = place
    return found


@given(st.lists(ANY_TAG, max_size=12))
def test_any_sequence_of_tags_has_the_spans_that_conlleval_reads(tags):
    spans = find_spans(tags)
    assert {tuple(span) for span in spans} == chunks(tags)
    assert len(set(spans)) == len(spans)


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-PER I-PER O B-LOC", [("PER", 0, 1), ("LOC", 3, 3)]),  # bio
        ("I-PER I-PER B-PER O I-LOC", [("PER", 0, 1), ("PER", 2, 2), ("LOC", 4, 4)]),  # iob1
        ("B-PER I-PER E-PER S-LOC O", [("PER", 0, 2), ("LOC", 3, 3)]),  # bioes
        ("O I-PER I-LOC", [("PER", 1, 1), ("LOC", 2, 2)]),  # what no scheme allows
        ("B-PER E-PER I-PER", [("PER", 0, 1), ("PER", 2, 2)]),
        ("S-PER I-PER", [("PER", 0, 0), ("PER", 1, 1)]),
        ("O O", []),
        ("", []),
        ("B-GENE-X I-GENE-X", [("GENE-X", 0, 1)]),
    ],
)
def test_spans_by_hand(tags, spans):
    assert [tuple(span) for span in find_spans(tags.split())] == spans


@st.composite
def spans_and_length(draw):
    """Spans that do not overlap."""
    lengths = draw(st.lists(st.tuples(st.booleans(), st.integers(1, 3), st.sampled_from(TYPES)), max_size=6))
    spans, place = [], 0
    for is_span, length, name in lengths:
        spans += [Span(name, place, place + length - 1)] if is_span else []
        place += length
    return spans, place


@pytest.mark.parametrize("scheme", SCHEMES)
@given(case=spans_and_length())
def test_what_is_written_is_read(scheme, case):
    spans, length = case
    tags = write_spans(scheme, spans, length)
    assert find_spans(tags) == spans
    assert all(is_tag_of(scheme, tag) for tag in tags)
    assert set(tags) <= set(scheme_tags(scheme, [f"I-{name}" for name in TYPES]))


@pytest.mark.parametrize(("scheme", "tags"), [("bio", "B-PER I-PER B-PER"), ("iob1", "I-PER I-PER B-PER"), ("bioes", "B-PER E-PER S-PER")])
def test_neighbours_of_one_type_stay_two(scheme, tags):
    assert write_spans(scheme, [Span("PER", 0, 1), Span("PER", 2, 2)], 3) == tags.split()


def test_tags_of_a_scheme():
    assert scheme_tags("bioes", ["S-X"]) == ("O", "B-X", "I-X", "E-X", "S-X")
    assert scheme_tags("none", ["b", "a", "b"]) == ("a", "b")
    assert not any(is_tag_of("bio", tag) for tag in ("S-PER", "PER", "B-", "B", "b-PER", "BPER", ""))


@given(st.lists(st.sampled_from("xyz"), max_size=10))
def test_runs_are_spans_of_their_tags(tags):
    made = find_spans(runs_as_spans(tags, ("x", "y")))
    assert all(len({*tags[span.first : span.last + 1], span.type}) == 1 for span in made)
    assert sum(span.last - span.first + 1 for span in made) == sum(tag in "xy" for tag in tags)
    assert all(second.first > first.last + 1 or first.type != second.type for first, second in itertools.pairwise(made))


@given(st.lists(st.lists(st.tuples(ANY_TAG, ANY_TAG), min_size=1, max_size=8), min_size=1, max_size=6))
def test_counts_are_those_of_each_sentence_s_spans(sentences):
    names = sorted({tag for sentence in sentences for pair in sentence for tag in pair})
    number = np.repeat(np.arange(len(sentences)) * 3, [len(sentence) for sentence in sentences])  # as of a subset of sentences
    true, predicted = (np.array([names.index(pair[side]) for sentence in sentences for pair in sentence]) for side in (0, 1))
    expected = []
    for sentence in sentences:
        there, said = (chunks([pair[side] for pair in sentence]) for side in (0, 1))
        expected.append([len(there & said), len(said), len(there)])
    np.testing.assert_array_equal(count_spans(names, true, predicted, number), expected)


def test_every_scheme_has_prefixes():
    assert set(PREFIXES) == {"none", *SCHEMES}
