"""Damage to any file of a runs folder is named, and changes no number silently; it closes neither the folder nor a neighbour."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_runs import write_ladder

from research.compare.tables import build_table
from research.config.errors import DamagedFileError, StepladderError
from research.report.cell_listing import list_cells
from research.report.formats.comma_separated import table_csv
from research.runs import store
from research.runs.checksums import write_checksums
from research.runs.inspection import inspect_run
from research.runs.run_state import RunId, read_run_state
from research.runs.sweep_manifest import read_manifest_file

CELL = "3a7c7c7c7c7c"  # of the ladder
SEED = Path(CELL) / "seed-0"
MANIFEST = Path("sweeps") / "ladder-0123abcd.json"
NUMBERS = (SEED / "result.json", SEED / "items.npz")  # a table's numbers stand on these
WORDS = (SEED / "status.json", SEED / "env.json", SEED / "metrics.jsonl", SEED / "checksums.json", Path(CELL) / "config.toml", MANIFEST)
Damage = Callable[[Path, random.Random], None]


def truncate(path: Path, chance: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size)])


def empty(path: Path, chance: random.Random) -> None:
    path.write_bytes(b"")


def zero(path: Path, chance: random.Random) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def garble(path: Path, chance: random.Random) -> None:
    content, start = path.read_bytes(), chance.randrange(path.stat().st_size)
    path.write_bytes(content[:start] + chance.randbytes(8) + content[start + 8 :])


def delete(path: Path, chance: random.Random) -> None:
    path.unlink()


def replace_by_folder(path: Path, chance: random.Random) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = {truncate: 1, empty: 1, zero: 1, flip: 4, garble: 2, delete: 1, replace_by_folder: 1}  # with how many of each are tried


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A ladder of runs with checksums, as runs that are done have them."""
    runs = tmp_path_factory.mktemp("damaged") / "runs"
    write_ladder(runs, seeds=2)
    for result in runs.glob("*/seed-*/result.json"):
        write_checksums(result.parent)
    return runs


def damaged_copies(whole: Path, folder: Path, file: Path) -> Iterator[tuple[str, Path]]:
    """Runs in which one file is damaged, the same folder each time, and by what."""
    runs, chance = folder / "runs", random.Random(str(file))
    shutil.copytree(whole, runs)
    for damage, tries in DAMAGES.items():
        for _ in range(tries):
            damage(runs / file, chance)
            yield damage.__name__, runs
            (runs / file).rmdir() if (runs / file).is_dir() else None
            shutil.copy2(whole / file, runs / file)


def table_of(runs: Path) -> tuple[str, tuple[str, ...]]:
    manifest, _ = read_manifest_file(runs / MANIFEST)
    table = build_table(manifest, runs)
    return table_csv(table), table.notes


def means_of(csv: str) -> set[str]:
    return {",".join(line.split(",")[1:4]) for line in csv.splitlines()[1:] if line.split(",")[2]}


@pytest.mark.parametrize("file", NUMBERS, ids=lambda file: file.name)
def test_a_run_whose_numbers_are_damaged_is_shown_as_damaged(whole, tmp_path, file):
    reference, _ = table_of(whole)
    others = [cell for cell in list_cells(whole) if cell["cell_id"] != CELL]
    for name, runs in damaged_copies(whole, tmp_path, file):
        csv, notes = table_of(runs)
        gone = name == "delete" and file.name == "result.json"
        expected = "not run" if gone else "damaged"
        assert inspect_run(runs / SEED).status == expected, name
        assert gone or any("seed 0" in note and file.name in note for note in notes), name
        assert len(csv.splitlines()) == len(reference.splitlines())
        listed = {cell["cell_id"]: cell for cell in list_cells(runs)}
        assert listed[CELL]["seeds"] == {"0": expected, "1": "done"}, name
        assert [listed[cell["cell_id"]]["value"] for cell in others] == [cell["value"] for cell in others]


@pytest.mark.parametrize("file", WORDS, ids=lambda file: file.name)
def test_damage_beside_the_numbers_changes_no_number(whole, tmp_path, file):
    reference, _ = table_of(whole)
    for name, runs in damaged_copies(whole, tmp_path, file):
        try:
            csv, _ = table_of(runs)
        except StepladderError:
            assert file == MANIFEST, name
        else:
            assert file == MANIFEST or name == "delete" or means_of(csv) <= means_of(reference) or "damaged" in csv, name
        listed = {cell["cell_id"]: cell for cell in list_cells(runs)}
        assert len(listed) == len(list_cells(whole)), name
        assert file == MANIFEST or name == "delete" or listed[CELL]["seeds"]["1"] == "done"


@pytest.mark.parametrize(("name", "status"), [("result.json", "not run"), ("items.npz", "trained")])
def test_a_plan_does_again_what_is_damaged_and_no_more(whole, tmp_path, name, status):
    for damage, runs in damaged_copies(whole, tmp_path, SEED / name):
        state = read_run_state(runs, RunId(CELL, 0))
        assert state.status == status, damage
        assert (state.result is None) == (status == "not run")
        assert read_run_state(runs, RunId(CELL, 1)).status == "done"


def test_without_status_json_the_other_files_tell_what_became_of_a_run(whole, tmp_path):
    for name, runs in damaged_copies(whole, tmp_path, SEED / "status.json"):
        if name not in ("delete", "flip", "garble"):
            inspected = inspect_run(runs / SEED)
            assert (inspected.status, inspected.damaged) == ("done", ("status.json",)), name


READERS = {
    "result.json": store.read_result,
    "status.json": store.read_status,
    "items.npz": store.read_items,
    "metrics.jsonl": lambda folder: store.read_metrics(folder / "metrics.jsonl"),
}


@pytest.mark.parametrize("name", READERS)
def test_a_reader_gives_a_value_or_names_the_file(whole, tmp_path, name):
    for _, runs in damaged_copies(whole, tmp_path, SEED / name):
        try:
            READERS[name](runs / SEED)
            error = None
        except DamagedFileError as damaged:
            error = damaged
        assert error is None or (error.path == runs / SEED / name and str(error).startswith(str(error.path)) and "\n" not in str(error))


def test_a_metric_or_a_table_of_another_kind_is_damage(whole, tmp_path):
    record = store.read_json(whole / SEED / "result.json")
    for change in ({"metrics": []}, {"metrics": {"test": {"loss": "4.7"}}}, {"cost": None}, {"extra": 3}):
        store.write_json(tmp_path / "result.json", record | change)
        with pytest.raises(DamagedFileError, match=r"result\.json"):
            store.read_result(tmp_path)
