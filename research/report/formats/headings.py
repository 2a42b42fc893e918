"""The headings of a sheet as plain formats have them."""

from collections.abc import Sequence
from itertools import groupby

from research.report.sheets import Heading


def full_heading(heading: Heading) -> str:
    """A heading in one line, with its group."""
    return f"{heading.group}: {heading.text}" if heading.group else heading.text


def heading_spans(headings: Sequence[Heading]) -> list[tuple[str, int]]:
    """The line of groups above the headings: (group, columns), neighbours joined."""
    return [(group, len(list(members))) for group, members in groupby(headings, key=lambda heading: heading.group)]
