"""What many runs cost grows with their number, and not with its square: function calls are counted, which no busy machine changes."""

import sys

import pytest

from research.report.sheets import Heading, Sheet, StyledText
from research.report.terminal import terminal_text
from scripts.scale import schedule_many


def print_many(rows):
    starred = tuple((StyledText(f"row {n}"), StyledText("1.5*" if n == rows - 1 else "1.5")) for n in range(rows))
    terminal_text(Sheet("many", (Heading("row", numeric=False), Heading("n")), starred))


def calls(work, size):
    """How many functions are called, and generators taken up."""
    count = 0

    def seen(frame, event, argument):
        nonlocal count
        count += event == "call"

    sys.setprofile(seen)
    try:
        work(size)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("work", [print_many, lambda cells: schedule_many(cells, 1)], ids=["terminal", "schedule"])
def test_twice_as_many_rows_take_twice_as_many_calls(work):
    work(20)  # what is imported and cached
    assert calls(work, 400) < 2.3 * calls(work, 200)
