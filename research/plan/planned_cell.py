"""A cell of a plan, before it is run."""

from dataclasses import dataclass, field
from typing import Any

from research.config.halving import Rung
from research.config.model_facts import has_one_result
from research.config.plain import Tree
from research.config.schema import Config
from research.config.value_labels import plain_label


@dataclass(frozen=True)
class PlannedCell:
    """A config with its identity, its place in the table and what is known of it before it is run."""

    labels: dict[str, Any]
    config: Config | None  # None where the combination cannot be
    reason: str = ""
    cell_id: str = ""
    data_digest: str = ""
    tuned: dict[str, Any] = field(default_factory=dict)
    dropped: tuple[Any, ...] = ()
    parents: tuple[str, ...] = ()  # cells that must be run before it
    parent_seed: int | None = None  # the one seed of its parent that every seed starts from; None: seed k starts from seed k
    facts: dict[str, Any] = field(default_factory=dict)  # params, flops_per_token, lacks, extra
    predicted_seconds: float = 0.0  # core-seconds of one run, without compilation
    settled_parts: bool = True  # whether the rows that a mixture names give one result for all seeds
    program: str = ""  # 12 digits of the compiled program that trains it on its data; "" where nothing is trained
    rung: Rung | None = None  # where it stands among the trials of a row that is halved
    shown: bool = True  # False for the parts of an interpolation that are no row of their own

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds to be run: one where chance plays no part."""
        assert self.config is not None
        return self.config.seeds[:1] if self.deterministic else self.config.seeds

    @property
    def deterministic(self) -> bool:
        """Whether all seeds give one result."""
        assert self.config is not None
        return has_one_result(self.config.model, self.settled_parts)

    @property
    def shortened(self) -> Tree:
        """The word by which it is trained for shorter than its row, with its value; {} where it is not."""
        return self.rung.shortened if self.rung else {}

    @property
    def row_name(self) -> str:
        """What `init.from` calls a row of the same sweep."""
        return plain_label(self.labels)
