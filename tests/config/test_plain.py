"""Tables of plain values."""

import pytest

from research.config.plain import section, table


def test_what_is_no_table_has_no_words():
    assert table({"kind": "lstm"}) == {"kind": "lstm"}
    assert [table(value) for value in (None, 3, "text", [1], ({"kind": "lstm"},))] == [{}] * 5


def test_a_section_is_changed_in_place_and_no_other_value_is_taken_for_one():
    tree = {"data": {"level": "byte", "vocabulary": {}}, "seeds": 3}
    section(tree, "data").pop("vocabulary")
    assert tree == {"data": {"level": "byte"}, "seeds": 3}
    assert section(tree, "optim") == {}
    with pytest.raises(TypeError, match="seeds"):
        section(tree, "seeds")
