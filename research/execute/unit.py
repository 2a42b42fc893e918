"""A unit of work: what one process does of a plan."""

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Literal

from research.runs.run_state import RunId

UnitKind = Literal["fit", "train", "score"]


@dataclass(frozen=True)
class Unit:
    """Runs that are fitted, trained by one program, or scored on their test split.

    `row`: a tuned one, of whose trials the chosen one is scored.
    """

    kind: UnitKind
    runs: tuple[RunId, ...]
    program: str = ""  # of what is trained
    row: str = ""
    after: tuple[str, ...] = ()  # the ids of the units that come first

    @cached_property
    def id(self) -> str:
        """12 digits of what it does."""
        return sha256(json.dumps([self.kind, self.row, sorted(map(str, self.runs))]).encode()).hexdigest()[:12]
