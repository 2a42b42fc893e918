"""The words of data that is the user's own: which columns of a table are read, and which rows are which split."""

from typing import ClassVar, Self

from pydantic import model_validator

from research.config.data_kind import DataConfig
from research.config.node import HeldOut, Node
from research.config.unicode import Encoding


class TextColumns(Node):
    """The columns of a table of texts."""

    text: str = "text"


class LabelledColumns(Node):
    """The columns of a table of labelled texts."""

    text: str = "text"
    label: str = "label"


class RatedColumns(Node):
    """The columns of a table of texts with a number each."""

    text: str = "text"
    rating: str = "rating"


class PairColumns(Node):
    """The columns of a table of pairs."""

    source: str = "source"
    target: str = "target"


class OwnFiles(DataConfig):
    """What every kind of own files has. A path is a table, told by its ending or a folder, or a file of lines.

    Of a split that is a number, so many rows of the training file are held out, or such a share of them.
    """

    alone: ClassVar[tuple[str, ...]] = ("encoding", "split_column", "group_column")
    encoding: Encoding = "utf-8"  # of files of lines, CSV, TSV, JSON lines and folders of texts; others say it themselves
    split_column: str | None = None  # says of each row of train whether it is train, valid (validation, dev) or test
    group_column: str | None = None  # rows that are equal here are held out together, and are one cluster of the test

    @property
    def columns_named(self) -> bool:
        """Whether words name columns, so that its files are tables whatever their endings."""
        return any(getattr(self, word) is not None for word in ("columns", "split_column", "group_column"))

    @property
    def split_sources(self) -> dict[str, str | HeldOut | None]:
        """By split: the path of its file, how much is held out of the training file, or None."""
        return {split: None if (value := getattr(self, split)) == "none" else value for split in ("train", "valid", "test")}

    @property
    def held_out(self) -> dict[str, HeldOut]:
        """How much is held out of the training file, by split, the test first."""
        sources = self.split_sources
        return {split: share for split in ("test", "valid") if (share := sources[split]) is not None and not isinstance(share, str)}

    @model_validator(mode="after")
    def _splits_are_said_once(self) -> Self:
        files = [split for split, source in self.split_sources.items() if split != "train" and isinstance(source, str)]
        if self.split_column is not None and files:
            raise ValueError(f"split_column says which rows of train are {files[0]}, and {files[0]} names a file; leave one of them out")
        return self


def check_splits(config: OwnFiles) -> None:
    """Raises ValueError for a split of which nothing says where it comes from."""
    missing = [split for split, source in config.split_sources.items() if source is None]
    if missing and config.split_column is None:
        verb = "is" if len(missing) == 1 else "are"
        raise ValueError(
            f"{' and '.join(missing)} {verb} missing: a file each, or how much of the training file is held out, as {missing[0]} = 0.1; "
            "or split_column, the column of a table that says which rows they are"
        )
