"""Runs as plain files: every file is written whole or not at all, but the metrics, which grow by lines.

runs/<cell_id>/{config.toml, cell.json, vocabulary.json}
runs/<cell_id>/seed-<k>/{env.json, status.json, metrics.jsonl, result.json, tokens.npz, log.txt, checkpoints/, lock}
runs/<cell_id>/seed-<k>/{test.json, items.npz, test_tokens.npz, prompts.npz, texts.jsonl, attention.npz}: of a run that was chosen
runs/sweeps/<name>-<hash>.json
"""

import json
import math
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from research.config.code_version import CODE_VERSION
from research.config.errors import StepladderError, did_you_mean
from research.config.plain import Json
from research.runs.records import Result, Status

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

Record = dict[str, Any]  # a line of metrics.jsonl, or what else a file holds as it was read
INFINITE = "infinite"  # what JSON, which has no infinity, says of one
TRAINED_STATUSES = ("trained", "done")  # statuses of a run whose parameters and validation are there; done: its test split was scored too
ELSEWHERE = "Name another place, with --runs for runs or --out for reports."
FORMAT = 1  # of a run's JSON files, raised when a reader must tell an old one from a new one


def cell_folder(runs_dir: Path, cell_id: str) -> Path:
    """Where a cell's config, environment and seeds are."""
    return Path(runs_dir) / cell_id


def seed_folder(runs_dir: Path, cell_id: str, seed: int) -> Path:
    """Where one run is."""
    return cell_folder(runs_dir, cell_id) / f"seed-{seed}"


def sweeps_folder(runs_dir: Path) -> Path:
    """Where the sweeps' manifests are."""
    return Path(runs_dir) / "sweeps"


def seeds_of(folder: Path) -> tuple[int, ...]:
    """The seeds that a cell's folder holds, in order."""
    names = (path.name.removeprefix("seed-") for path in Path(folder).glob("seed-*") if path.is_dir())
    return tuple(sorted(int(name) for name in names if name.isdigit()))


def make_folder(folder: Path) -> None:
    """The folder, with those above it. Raises StepladderError where it cannot be."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StepladderError(f"The folder {folder} cannot be made: {error.strerror or error}. {ELSEWHERE}") from None


def check_writable(folder: Path) -> None:
    """Raises StepladderError where nothing can be written in a folder; it is made where it is not there."""
    make_folder(folder)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StepladderError(f"Nothing can be written in {folder}: {error.strerror or error}. {ELSEWHERE}") from None


def _write(path: Path, fill: Callable[[IO[bytes]], int | None]) -> None:
    path = Path(path)
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        with _open_for_writing(temporary) as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _open_for_writing(path: Path) -> IO[bytes]:
    try:
        return open(path, "wb")
    except OSError as error:
        raise StepladderError(f"Nothing can be written in {path.parent}: {error.strerror or error}. {ELSEWHERE}") from None


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file's content atomically: a reader sees the old bytes or the new ones, also after a crash."""
    _write(path, lambda file: file.write(content))


def write_text(path: Path, text: str) -> None:
    """As `write_bytes`, in UTF-8 with the newlines that the text has. Of a file's name, bytes that are no UTF-8 are written as they are."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def read_text_file(path: Path) -> str:
    """What `write_text` has written."""
    return Path(path).read_bytes().decode("utf-8", "surrogateescape")


def write_json(path: Path, value: object) -> None:
    """As `write_bytes`, in the JSON of `to_json`."""
    write_text(path, to_json(value, indent=2) + "\n")


def to_json(value: object, indent: int | None = None) -> str:
    """Strict JSON: infinity is the text "infinite" or "-infinite", NaN is null, and scalars of numpy and jax are numbers."""
    return json.dumps(_json_value(value), indent=indent, allow_nan=False)


def stamp(value: Mapping[str, object], data_digest: str | None = None) -> dict[str, object]:
    """The value of a JSON file with what a reader must know first: its format, the code's integer and, where data made it, their digest."""
    digest_entry = {} if data_digest is None else {"data_digest": data_digest}
    return {"format": FORMAT, "code_version": CODE_VERSION, **digest_entry, **value}


def write_arrays(path: Path, **arrays: "ArrayLike") -> None:
    """Write an uncompressed .npz atomically; the same arrays give the same bytes."""
    import numpy as np

    _write(path, lambda file: np.savez(file, allow_pickle=True, **arrays))


def _json_value(value: object) -> Json:
    if isinstance(value, dict):
        return {str(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else _not_finite(value)
    return _json_value(value.tolist()) if hasattr(value, "tolist") else cast(Json, value)


def _not_finite(value: float) -> str | None:
    return None if math.isnan(value) else INFINITE if value > 0 else f"-{INFINITE}"


def _restore_infinities(value: Json) -> Json:
    """The numbers of `to_json`, read again."""
    if isinstance(value, dict):
        return {key: _restore_infinities(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_restore_infinities(item) for item in value]
    return {INFINITE: math.inf, f"-{INFINITE}": -math.inf}.get(value, value) if isinstance(value, str) else value


def read_json(path: Path) -> Any:
    """The file's value; None where there is no file."""
    try:
        return json.loads(read_text_file(path))
    except FileNotFoundError:
        return None
    except json.JSONDecodeError as error:
        raise StepladderError(
            f"{path} is not JSON ({error}). Stepladder writes this file whole; was it edited? Delete it to redo the run."
        ) from None


def read_arrays(path: Path) -> "dict[str, np.ndarray] | None":
    """The arrays of an .npz by name; None where there is no file."""
    import numpy as np

    try:
        with np.load(path) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        return None


def read_status(folder: Path) -> Status | None:
    """A run's status.json."""
    value: Status | None = read_json(Path(folder) / "status.json")
    return value


def status_of(folder: Path) -> str:
    """The word of a run's status.json; "not run" where there is none, or where it speaks of a run whose result is not there."""
    word: str = (read_status(folder) or {}).get("status", "not run")
    return "not run" if word in TRAINED_STATUSES and not (Path(folder) / "result.json").exists() else word


def read_result(folder: Path) -> Result | None:
    """A run's result.json, training and validation, with what its test.json adds where its test split was scored."""
    result, tested = _read_numbers(Path(folder) / "result.json"), _read_numbers(Path(folder) / "test.json")
    if result is None or tested is None:
        return cast("Result | None", result)
    seconds = result["cost"]["seconds"]
    evaluate = (seconds.get("evaluate") or 0.0) + tested["seconds"]
    joined = {part: {**result.get(part, {}), **tested[part]} for part in ("metrics", "scored_on", "extra")}
    signatures = {"signatures": tested["signatures"]} if tested["signatures"] else {}
    return cast(Result, result | joined | signatures | {"cost": result["cost"] | {"seconds": seconds | {"evaluate": evaluate}}})


def _read_numbers(path: Path) -> Record | None:
    """A file of metrics, whose infinities are numbers again."""
    record: Record | None = read_json(path)
    return record and record | {name: _restore_infinities(record[name]) for name in ("metrics", "extra") if name in record}


def read_items(folder: Path) -> "dict[str, np.ndarray] | None":
    """A run's items.npz: id, loss (nats summed over the item), tokens, correct, each [n]; of drawn texts, what `text_items` has too.

    `cluster` [n], where the data declares that items of one number are not independent.
    """
    return read_arrays(Path(folder) / "items.npz")


def read_prompt_items(folder: Path) -> "dict[str, np.ndarray] | None":
    """A run's prompts.npz: id, loss (nats of the right completion), tokens, exact and, where there were several, preferred, each [n]."""
    return read_arrays(Path(folder) / "prompts.npz")


def read_tokens(folder: Path) -> "dict[str, np.ndarray] | None":
    """Nats of each scored token, in the split's order: `valid` of tokens.npz; of a tested run `test` and `misspelt` of test_tokens.npz."""
    valid = read_arrays(Path(folder) / "tokens.npz")
    return None if valid is None else valid | (read_arrays(Path(folder) / "test_tokens.npz") or {})


def append_metrics(path: Path, records: Iterable[Record]) -> None:
    """Add one line a record. A torn last line, left by a crash, is cut off first."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(to_json(record) + "\n" for record in records)
    with open(path, "ab+") as file:
        _cut_torn_line(file)
        file.write(lines.encode())


def _cut_torn_line(file: IO[bytes]) -> None:
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        if file.read(1) != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)


def read_metrics(path: Path) -> list[Record]:
    """The lines of a metrics.jsonl; [] where there is no file. A last line without its newline was torn by a crash: it is not read."""
    try:
        lines = Path(path).read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    return [_record(path, number, line) for number, line in enumerate(lines, start=1)]


def _record(path: Path, number: int, line: bytes) -> Record:
    try:
        record = cast(Record, _restore_infinities(json.loads(line)))
    except ValueError:
        raise StepladderError(
            f"{path}, line {number} is not JSON. Only the last line may be torn; remove this one, or delete the run."
        ) from None
    return record


def truncate_metrics(path: Path, step: int) -> None:
    """Drop the lines after `step`, as a run that resumes from it must. Lines at the step stay."""
    if Path(path).exists():
        records = [record for record in read_metrics(path) if record["step"] <= step]
        write_text(path, "".join(to_json(record) + "\n" for record in records))


class RunReference(NamedTuple):
    """What a RUN of the command line names: a cell, and one of its seeds if it was named."""

    cell_id: str
    folder: Path  # the cell's
    seed: int | None

    def seed_folder(self) -> Path:
        """The named seed's folder, or the first's."""
        seed = self.seed if self.seed is not None else next(iter(seeds_of(self.folder)), 0)
        return self.folder / f"seed-{seed}"


def cell_ids(runs_dir: Path) -> tuple[str, ...]:
    """Every cell with a folder, in order."""
    if not Path(runs_dir).is_dir():
        return ()
    folders = (path for path in Path(runs_dir).iterdir() if path.is_dir() and path.name != "sweeps")
    return tuple(sorted(path.name for path in folders if (path / "config.toml").exists() or seeds_of(path)))


def find_run(runs_dir: Path, text: str) -> RunReference:
    """The run of a path or of a unique prefix of a cell_id, each with an optional `/seed`. Unknown, ambiguous: StepladderError."""
    stem, _, last = text.rstrip("/").rpartition("/")
    number = last.removeprefix("seed-")
    seed, cell = (int(number), stem) if stem and number.isdigit() and len(number) < 12 and not _is_cell(Path(text)) else (None, text)
    if _is_cell(Path(cell)):
        return _with_seed(Path(cell).resolve(), seed)
    return _with_seed(Path(runs_dir) / _match_prefix(cell, cell_ids(runs_dir), runs_dir), seed)


def _is_cell(path: Path) -> bool:
    return path.is_dir() and ((path / "config.toml").exists() or bool(seeds_of(path)))


def _with_seed(folder: Path, seed: int | None) -> RunReference:
    seeds = seeds_of(folder)
    if seed is not None and seed not in seeds:
        seeds_text = f"it has {', '.join(map(str, seeds))}" if seeds else "it has none yet"
        raise StepladderError(f"{folder.name} has no seed {seed}; {seeds_text}. `stepladder runs` lists them.")
    return RunReference(folder.name, folder, seed)


def _match_prefix(prefix: str, candidates: tuple[str, ...], runs_dir: Path) -> str:
    matches = [cell_id for cell_id in candidates if cell_id.startswith(prefix)]
    if len(matches) == 1:
        return matches[0]
    if len(matches) > 1:
        raise StepladderError(f"{prefix!r} begins {len(matches)} cells in {runs_dir}: {', '.join(matches[:5])}. Give more letters.")
    hint = did_you_mean(prefix, candidates) or "."
    raise StepladderError(f"No run {prefix!r} in {runs_dir}{hint} `stepladder runs` lists what is there.")
