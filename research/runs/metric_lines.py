"""metrics.jsonl: the one file that grows by lines, whose last may be torn by a crash."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from research.config.errors import DamagedFileError
from research.runs.atomic_files import check_may_write, write_text
from research.runs.damaged_files import damaged_file, unreadable_file
from research.runs.json_files import JsonObject, parse_json, restore_infinities, to_json


def append_metrics(path: Path, records: Iterable[JsonObject]) -> None:
    """Add one line a record. A torn last line, left by a crash, is cut off first."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(to_json(record) + "\n" for record in records)
    with open(path, "ab+") as file:
        check_may_write()
        _cut_torn_line(file)
        file.write(lines.encode())


def _cut_torn_line(file: IO[bytes]) -> None:
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        if file.read(1) != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)


def read_metrics(path: Path) -> list[JsonObject]:
    """The lines of a metrics.jsonl; [] where there is no file. A last line without its newline was torn by a crash: it is not read."""
    try:
        lines = Path(path).read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unreadable_file(path, error) from None
    return [_line(path, number, line) for number, line in enumerate(lines, start=1)]


def _line(path: Path, number: int, line: bytes) -> JsonObject:
    try:
        record = restore_infinities(parse_json(line))
    except (ValueError, RecursionError):
        raise damaged_file(path, f"has a line that is not JSON, line {number}") from None
    if not isinstance(record, dict) or not isinstance(record.get("step"), int):
        raise damaged_file(path, f"has a line without a step, line {number}")
    return record


def truncate_metrics(path: Path, step: int) -> str:
    """Drop the lines after `step`, as a run that resumes from it must. Lines at the step stay. Returns what is to be told, or "".

    A damaged file is kept as NAME.damaged, and the lines before its first bad one stay.
    """
    path, note = Path(path), ""
    try:
        records = read_metrics(path)
    except DamagedFileError as error:
        records, note = _whole_lines(path), f"{error.args[0]} It is kept as {path.name}.damaged."
        os.replace(path, path.with_name(f"{path.name}.damaged"))
    remaining = [record for record in records if record["step"] <= step]
    if records or note:
        write_text(path, "".join(to_json(record) + "\n" for record in remaining))
    if step and not remaining:
        note = note or f"{path} has no line of the {step} steps that were done: its curves begin here."
    return note


def _whole_lines(path: Path) -> list[JsonObject]:
    """The lines before the first that is none; none of what cannot be read."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except OSError:
        return []
    records: list[JsonObject] = []
    with suppress(DamagedFileError):
        for number, line in enumerate(lines, start=1):
            records.append(_line(path, number, line))
    return records
