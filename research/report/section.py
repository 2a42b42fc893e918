"""A part of a report that an analysis, or a study, adds to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from research.report.pictures import Picture
from research.report.sheets import Sheet


@dataclass(frozen=True)
class Section:
    """Any of a text (HTML, trusted), a table and a figure under a title.

    `numbers`: what its analysis measured, by cell_id, seed and name; the claims of expected.json know them as `extra.<name>`.
    """

    title: str
    html: str = ""
    sheet: Sheet | None = None
    picture: Picture | None = None
    numbers: Mapping[str, Mapping[int, Mapping[str, float]]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its anchor in the page."""
        return "section-" + "".join(letter if letter.isalnum() else "-" for letter in self.title.lower())
