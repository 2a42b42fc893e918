"""A report as one frozen value: all that its renderers write, in words, numbers and figures as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from research.compare.cards import CardResult
from research.compare.families import Families
from research.compare.tables import TableData
from research.config.plain import Json, Tree
from research.report.cards_sheet import cards_sheet
from research.report.pictures import Picture
from research.report.section import Section
from research.report.sheets import Sheet, comparisons_sheet, table_sheet


@dataclass(frozen=True)
class CellReport:
    """What a report says of one cell."""

    cell_id: str
    place: str  # among rows and columns
    labels: Mapping[str, Json]
    tuned: Mapping[str, Json]
    trials: int
    counts: Mapping[str, int]  # seeds by status
    cannot: str
    seeds: Sheet
    lost: tuple[int, ...]  # seeds that failed or diverged
    files: tuple[tuple[str, Path], ...]  # what is there to be read, by name
    excerpts: tuple[tuple[int, str], ...]  # of lost seeds the end of their logs
    config: str  # as TOML, or JSON where no file holds it


@dataclass(frozen=True, eq=False)
class Report:
    """A sweep's report. `build_report` makes it of a manifest and records; a renderer makes a file of it."""

    name: str
    hash: str | None
    question: str | None
    preset: str | None
    spec_file: str | None
    created: str | None
    facts: tuple[str, ...]  # lines under the question: preset, how many runs ended how, when
    table: TableData
    comparisons: Families
    cards: tuple[CardResult, ...]
    card_changes: tuple[str, ...]  # what became of the cards since the launch
    costs: Sheet
    pictures: tuple[Picture, ...]
    sections: tuple[Section, ...]  # what analyses add
    trials: Sheet | None  # of a tuned sweep
    choices: Tree | None  # of a tuned sweep, once all is decided
    cells: tuple[CellReport, ...]
    provenance: tuple[tuple[str, str], ...]
    missing: tuple[str, ...] = ()  # sections that no record holds, and the command that makes them

    @property
    def table_sheet(self) -> Sheet:
        return table_sheet(self.table)

    @property
    def cards_sheet(self) -> Sheet | None:
        return cards_sheet(self.cards, changes=self.card_changes) if self.cards or self.card_changes else None

    @property
    def comparisons_sheet(self) -> Sheet | None:
        named = self.comparisons.named
        tested = sum(comparison.p is not None for comparison in named)
        return comparisons_sheet(named, claimed=self.comparisons.tested - tested) if named else None

    @property
    def all_sections(self) -> tuple[Section, ...]:
        """Those of analyses, then all that was tried."""
        return self.sections if self.trials is None else (*self.sections, Section("Trials", sheet=self.trials))

    @property
    def sheets(self) -> Sequence[Sheet]:
        """Every table of the report that is more than a list of runs, the sweep's own first."""
        sheets = (self.table_sheet, self.cards_sheet, self.comparisons_sheet, *(section.sheet for section in self.all_sections))
        return [sheet for sheet in sheets if sheet]

    @property
    def all_pictures(self) -> tuple[Picture, ...]:
        """The sweep's figures, then those of sections."""
        return (*self.pictures, *(section.picture for section in self.all_sections if section.picture))
