"""Labelled sentences of the user's own: files of lines and tables, to the labelled texts of their splits, and what identifies them."""

from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path

from research.config.errors import StepladderError
from research.config.own_files import LabelledColumns
from research.config.sentences import LabelledFiles
from research.config.unicode import decode
from research.data.clusters import Clusters
from research.data.dataset import SCORED
from research.data.formats.rows import Row, filled_text_cell, label_cell
from research.data.formats.text_lines import ADVICE
from research.data.labelled import LabelledSplits, labelled_contents, named_files, parse_lines, pooled_splits, refuse_new_classes
from research.data.own_rows import OwnRow, RowForm, group_numbers, own_contents, read_own_splits
from research.data.sentence_files import find_labelled_file, read_labelled_bytes
from research.data.source_kind import Contents


def read_labelled_files(config: LabelledFiles, data_dir: Path | None) -> LabelledSplits:
    """The user's own files. The classes are those of the training file; a further one in valid or test is an error."""
    rows = read_own_splits(config, data_dir, _labelled_form(config, data_dir))
    splits = {split: [row.item for row in split_rows] for split, split_rows in rows.items()}
    if config.folds != "off":
        return pooled_splits(splits)
    classes = tuple(sorted({label for label, _ in splits["train"]}))
    for split in SCORED:
        refuse_new_classes(((row.place, row.item[0]) for row in rows[split]), classes)
    return LabelledSplits(splits, classes)


def _labelled_form(config: LabelledFiles, data_dir: Path | None) -> RowForm[tuple[str, str]]:
    columns = config.columns or LabelledColumns()

    def item(row: Row) -> tuple[str, str]:
        return label_cell(row, columns.label), filled_text_cell(row, columns.text)

    def lines(split: str, path: str) -> list[OwnRow[tuple[str, str]]]:
        text = decode(read_labelled_bytes(split, path, data_dir), path, config.encoding, ADVICE)
        if not text.strip():
            raise StepladderError(f"data.{split} = {path!r} is empty: a split needs at least one `label<TAB>text` line.")
        _refuse_header(text, path)
        return [OwnRow(f"{path}, line {number}", line) for number, line in enumerate(parse_lines(text, path), start=1)]

    return RowForm((columns.text, columns.label), item, lines, stratum=itemgetter(0))


def _refuse_header(text: str, path: str) -> None:
    """A table that would be read as lines, its header as the first of them."""
    names = [name.strip() for name in text.partition("\n")[0].split("\t")]
    if set(LabelledColumns.model_fields) <= set(names) or (len(names) > 2 and not names[0]):
        raise StepladderError(
            f"{path}, line 1, looks like a header ({', '.join(filter(None, names))[:200]}), and without data.columns this file is one of "
            'lines `label<TAB>text`: set data.columns to read it by its columns, as data.columns = { text = "text", label = "label" }.'
        )


def labelled_groups(config: LabelledFiles, data_dir: Path | None, sentences: Sequence[str]) -> Clusters | None:
    """The number of each test sentence's group, where a column says it."""
    if config.group_column is None:
        return None
    return group_numbers([row.group for row in read_own_splits(config, data_dir, _labelled_form(config, data_dir))["test"]])


def own_labelled(config: LabelledFiles, data_dir: Path | None) -> Contents:
    """The checksums of the user's own files, and what selects from tables."""
    paths, columns = {key: getattr(config, key) for key in named_files(config)}, config.columns or LabelledColumns()
    return labelled_contents(config, *own_contents(config, (columns.text, columns.label), paths, data_dir, find_labelled_file))
