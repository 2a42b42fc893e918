"""The user's own texts, in blocks: plain files of lines are read block by block, whatever else a path may name is read whole."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from research.config.cell_identity import file_paths
from research.config.corpora import Files
from research.config.unicode import decode_path, split_lines
from research.data.formats.compression import is_packed
from research.data.held_out import held_out_mask
from research.data.own_rows import find_table
from research.data.own_texts import find_text, read_own_texts
from research.data.sentence_dataset import join_words
from research.data.text_blocks import Blocks, file_blocks, text_blocks, whole_lines
from research.text.tokenize import unicode_words


def read_files(config: Files, data_dir: Path | None) -> dict[str, Blocks]:
    """The user's own texts. A blank line is a sentence without words; its end is a token like others."""
    texts = _stream(config, data_dir) if _can_stream(config, data_dir) else _read_whole(config, data_dir)
    return texts if config.tokenized else {split: partial(_with_marks_apart, blocks) for split, blocks in texts.items()}


def _can_stream(config: Files, data_dir: Path | None) -> bool:
    """Whether every path is a file of lines in UTF-8 as it lies on the disk, and no more than validation is held out."""
    is_plain = not any(is_packed(decode_path(path)) or find_table(config, path, data_dir) for path in file_paths(config).values())
    return is_plain and config.encoding == "utf-8" and "test" not in config.held_out


def _read_whole(config: Files, data_dir: Path | None) -> dict[str, Blocks]:
    return {split: partial(text_blocks, text) for split, text in read_own_texts(config, data_dir).items()}


def _stream(config: Files, data_dir: Path | None) -> dict[str, Blocks]:
    texts: dict[str, Blocks] = {
        split: partial(file_blocks, find_text(split, path, data_dir), f"data.{split} = {path!r}")
        for split, path in file_paths(config).items()
    }
    held_out = config.held_out
    return texts | (_hold_out(texts["train"], held_out["valid"], config.train) if held_out else {})


def _hold_out(train: Blocks, share: float | int, place: str) -> dict[str, Blocks]:
    """Training without the lines that are held out of it for validation, and these."""

    @cache
    def held_out() -> Bool[np.ndarray, " lines"]:
        return held_out_mask(share, sum(block.count("\n") for block in train()), place)

    return {"train": partial(_lines_where, train, lambda: ~held_out()), "valid": partial(_lines_where, train, held_out)}


def _lines_where(blocks: Blocks, mask: Callable[[], Bool[np.ndarray, " lines"]]) -> Iterator[str]:
    """The lines of a text that a mask over all of them has."""
    chosen, first = mask(), 0
    for block in whole_lines(blocks()):
        lines = split_lines(block)
        flags = chosen[first : first + len(lines)].tolist()
        first += len(lines)
        yield "".join(line + "\n" for line, flag in zip(lines, flags, strict=True) if flag)


def _with_marks_apart(blocks: Blocks) -> Iterator[str]:
    for block in whole_lines(blocks()):
        yield "".join(join_words(unicode_words(line)) + "\n" for line in split_lines(block))
