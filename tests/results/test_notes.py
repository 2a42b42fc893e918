"""What is told of drawn texts: unknown symbols where BLEU is shown, and references that no text can match; nothing where there are none."""

from dataclasses import replace

import pytest

from research.compare.cells import axes_of, load_cells
from research.compare.scoring_notes import beyond_limit_notes, unknown_symbol_notes


@pytest.fixture(scope="module")
def told(ladder):
    """The notes of both kinds where the first row has these shares and the others none."""
    axes = axes_of(ladder.manifest)

    def notes(metric, **shares):
        first, *others = load_cells(*ladder)
        none = {"unknown_written": 0.0, "unknown_in_references": 0.0, "references_beyond_limit": 0.0}
        cells = [_with_extra(first, none | shares), *(_with_extra(cell, none) for cell in others)]
        return [*unknown_symbol_notes(cells, axes, [metric]), *beyond_limit_notes(cells, axes)]

    return notes


def _with_extra(cell, extra):
    return replace(cell, results={seed: {**result, "extra": extra} for seed, result in cell.results.items()})


def test_nothing_is_told_of_nothing(told):
    assert told("test.bleu") == []
    assert told("test.bleu", unknown_written=1e-4) == []


def test_unknown_symbols_are_told_of_their_row_where_they_count(told):
    (note,) = told("test.bleu", unknown_written=0.02, unknown_in_references=0.031)
    assert note.endswith("5-gram Kneser-Ney 2.0% (3.1%).")
    assert told("test.exact_match", unknown_written=0.02) == []


def test_references_that_no_text_can_match_are_told_whatever_is_shown(told):
    (note,) = told("test.exact_match", references_beyond_limit=0.002)
    assert note.endswith("none can match: 5-gram Kneser-Ney 0.2%.")
