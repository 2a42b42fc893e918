"""Tagged sentences of the user's own: files in columns and tables, to the rows of their splits, and what identifies them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from research.config.cell_identity import file_paths
from research.config.errors import StepladderError, did_you_mean
from research.config.tagged import TaggedColumns, TaggedFiles
from research.data.clusters import Clusters
from research.data.dataset import SCORED
from research.data.formats.conll import EMPTY, ConllColumns, conll_sentences
from research.data.formats.rows import Row, labels_cell, words_cell
from research.data.formats.text_lines import decoded_lines
from research.data.own_rows import OwnRow, RowForm, divide_rows, find_table, group_numbers, own_contents, own_paths, read_own_file
from research.data.source_kind import Contents
from research.data.tagged_rows import TaggedRow, TaggedSplits, in_scheme, refuse_new_tags, with_runs
from research.text.spans import scheme_tags

READER = 1  # raised when a change here, or in what reads a file, alters its sentences
FEW = 10  # a tag in fewer sentences is one by which a held-out share is dealt
WORDS, TAGS = "tokens", "tags"  # the usual columns of a table


def read_tagged_files(config: TaggedFiles, data_dir: Path | None) -> TaggedSplits:
    """The splits of the user's own files. The tags are those of the training file; a further one in valid or test is an error."""
    rows = _divided(config, data_dir)
    splits = {split: [_checked(config, row) for row in split_rows] for split, split_rows in rows.items()}
    train_tags = {tag for row in splits["train"] for tag in row.tags}
    if config.feature is not None and train_tags <= {EMPTY, "O"}:
        raise StepladderError(_no_feature(config, data_dir))
    if unknown := [tag for tag in config.spans_of if f"B-{tag}" not in train_tags]:
        present = sorted({tag for row in rows["train"] for tag in row.item.tags})
        raise StepladderError(
            f"data.spans_of has {unknown[0]!r}, a tag that no training sentence has{did_you_mean(unknown[0], present) or '.'} Theirs are "
            f"{', '.join(present[:20])}."
        )
    tags = scheme_tags(config.span_scheme, train_tags)
    for split in SCORED:
        refuse_new_tags(splits[split], tags, config.span_scheme)
    return TaggedSplits(splits, tags)


def _divided(config: TaggedFiles, data_dir: Path | None) -> dict[str, list[OwnRow[TaggedRow]]]:
    """The rows of each split. Of a share, a sentence with a rare tag is dealt by that, so that one of them stays with training."""
    form, paths = _tagged_form(config, data_dir), {split: path for split, path in config.split_sources.items() if isinstance(path, str)}
    rows = {split: read_own_file(config, split, path, data_dir, form) for split, path in paths.items()}
    sentences = Counter(tag for row in rows["train"] for tag in set(row.item.tags))
    return divide_rows(config, rows, partial(_rarest_tag, sentences), config.train)


def _rarest_tag(sentences: Counter[str], row: TaggedRow) -> str:
    """The tag of a row that fewest sentences have; "" where even that is common."""
    count, tag = min((sentences[tag], tag) for tag in row.tags)
    return tag if count < FEW else ""


def _checked(config: TaggedFiles, row: OwnRow[TaggedRow]) -> TaggedRow:
    checked = in_scheme(with_runs(row.item, config.spans_of), config.span_scheme, config.invalid == "repair")
    return checked._replace(document=row.group)


def _tagged_form(config: TaggedFiles, data_dir: Path | None) -> RowForm[TaggedRow]:
    columns = config.columns or TaggedColumns()
    words_column, tags_column = str(columns.words or WORDS), str(columns.tags or TAGS)

    def item(row: Row) -> TaggedRow:
        words, tags = words_cell(row, words_column), labels_cell(row, tags_column)
        if len(words) != len(tags):
            raise StepladderError(
                f"{row.place}, has {len(words)} words in `{words_column}` and {len(tags)} tags in `{tags_column}`; each word has one tag."
            )
        if not words:
            raise StepladderError(f"{row.place}, has no word in `{words_column}`: remove the row.")
        return TaggedRow(row.place, tuple("_".join(word.split()) for word in words), tags, (), "")

    def lines(split: str, path: str) -> list[OwnRow[TaggedRow]]:
        return list(_column_rows(config, split, path, data_dir))

    return RowForm((words_column, tags_column), item, lines, stratum=lambda row: "")


def _column_rows(config: TaggedFiles, split: str, path: str, data_dir: Path | None) -> Iterator[OwnRow[TaggedRow]]:
    columns, file = config.columns or TaggedColumns(), find_column_file(split, path, data_dir)
    choice = ConllColumns(columns.words, columns.tags, config.feature)
    for sentence in conll_sentences(decoded_lines(file, path, config.encoding), path, choice):
        document = f"{path} {sentence.document}" if sentence.document else ""
        row = TaggedRow(path, sentence.words, sentence.tags, sentence.lines, document)
        yield OwnRow(f"{path}, line {sentence.lines[0]}", row, group=document)


def find_column_file(key: str, path: str, data_dir: Path | None) -> Path:
    """Where the file of columns `data.<key>` is. Raises StepladderError where it is not."""
    candidates = own_paths(path, data_dir)
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise StepladderError(
        f"data.{key} = {path!r} is no file (looked for {' and '.join(map(str, candidates))}). It holds a word and its tag a line, and "
        "blank lines between sentences; or it is a table with the words and the tags of a sentence a row."
    )


def _no_feature(config: TaggedFiles, data_dir: Path | None) -> str:
    """That no word has the feature, with the nearest that some have."""
    if find_table(config, config.train, data_dir) is not None:
        return f"data.feature = {config.feature!r} is for files of columns, and {config.train} is a table: its tags are what they are."
    rows = _column_rows(config.model_copy(update={"feature": None, "columns": _features_column(config)}), "train", config.train, data_dir)
    names = sorted({part.partition("=")[0] for row in rows for tag in row.item.tags for part in tag.split("|") if "=" in part})
    hint = did_you_mean(str(config.feature), names) or "."
    return f"data.feature = {config.feature!r}: no word of {config.train} has it{hint} Its features are {', '.join(names) or 'none'}."


def _features_column(config: TaggedFiles) -> TaggedColumns:
    columns = config.columns or TaggedColumns()
    return columns if columns.tags is not None else TaggedColumns(words=columns.words, tags="feats")


def file_documents(config: TaggedFiles, data_dir: Path | None, sentences: Sequence[str]) -> Clusters | None:
    """The document of each test sentence, where the file or a column tells them apart; the sentences before the first are one."""
    documents = [row.group for row in _divided(config, data_dir)["test"]]
    return group_numbers(documents) if any(documents) else None


def own_tagged(config: TaggedFiles, data_dir: Path | None) -> Contents:
    """The checksums of the user's own files, and what selects from tables."""
    columns = config.columns or TaggedColumns()
    chosen = (str(columns.words or WORDS), str(columns.tags or TAGS))
    return [config.kind, READER, *own_contents(config, chosen, file_paths(config), data_dir, find_column_file)]
