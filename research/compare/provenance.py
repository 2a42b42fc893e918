"""Where a table comes from: the command that makes it again, and the code, machines and commands that made its runs."""

import hashlib
import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from research.compare.cell_labels import place_text, value_text
from research.compare.cells import Cell, Manifest, TableAxes
from research.config.plain import Json
from research.runs.environments import readable_environments
from research.runs.records import Result
from research.runs.store import read_json

DIRTY = "-dirty"  # how a commit ends whose tree had changes


def report_folder(name: str, sweep_hash: str, earlier_hash: str = "", root: Path = Path("reports")) -> Path:
    """reports/NAME; where another sweep's report has that place, reports/NAME-HASH, so that none overwrites another.

    `earlier_hash`: under which the same sweep was known before, if it was.
    """
    existing = read_json(root / name / "report.json")
    is_own = existing is None or existing.get("hash") in (sweep_hash, earlier_hash)
    return root / name if is_own else root / f"{name}-{sweep_hash}"


def report_name(manifest: Manifest) -> str:
    """What the folder of a report is called: after its experiment and preset, or after its sweep."""
    name = Path(manifest.get("experiment") or manifest["name"]).resolve().name  # an experiment may be named by its folder
    return f"{name}-{manifest['preset']}" if manifest.get("preset") else str(name)


def table_command(manifest: Manifest) -> str:
    """What makes the table again. Manifests that do not say it are of a file, or of an experiment's preset in the experiment's folder."""
    if manifest.get("command"):
        return str(manifest["command"])
    file = Path(str(manifest.get("spec_file") or manifest["name"]))
    words = ["reproduce", file.parent.name, "--preset", str(manifest["preset"])] if manifest.get("preset") else ["sweep", str(file)]
    return shlex.join(["stepladder", *words])


def provenance(manifest: Manifest, cells: Sequence[Cell]) -> list[tuple[str, str]]:
    """Lines of (what, value), of commands one each."""
    digests = dict.fromkeys(entry["data_digest"] for entry in manifest["cells"] if entry.get("data_digest"))
    values: dict[str, dict[str, None]] = {}
    for cell in cells:
        for environment in (part for parts in _environments(cell).values() for part in parts):
            for key, value in _flatten({key: value for key, value in environment.items() if key != "step"}):
                values.setdefault(key, {})[value] = None
    commands = list(values.pop("command", {}))
    spec = json.dumps(manifest["spec"], sort_keys=True)
    return [
        ("this table", table_command(manifest)),
        ("spec", f"{manifest.get('spec_file', '')} (sha256 {hashlib.sha256(spec.encode()).hexdigest()[:12]})"),
        ("sweep", f"{manifest['name']}-{manifest['hash']}, planned {manifest.get('created', '')}"),
        *([("claims", f"sha256 {manifest['cards_sha256'][:12]}")] if manifest.get("cards") and manifest.get("cards_sha256") else []),
        *([("data digest", ", ".join(digests))] if digests else []),
        *(("launched with", command) for command in commands if command),
        *((key, ", ".join(filter(None, texts))) for key, texts in sorted(values.items()) if any(texts)),
    ]


def table_code_notes(cells: Sequence[Cell], axes: TableAxes) -> list[str]:
    """A line where runs of one table were made by different code, or by code that no commit holds."""
    rows = _rows_by_source(cells, axes, _code_text)
    uncommitted = any(DIRTY in code for code in rows)
    if len(rows) > 1:
        text = _sources_text(rows)
        return [f"The runs of this table come from different code. {text[0].upper()}{text[1:]}."]
    return [f"The runs come from {next(iter(rows))}: the tree had changes that no commit holds."] if uncommitted else []


def table_device_notes(cells: Sequence[Cell], axes: TableAxes) -> list[str]:
    """A line where runs of one table were made on different devices, whose last bits differ, and with them what training makes of them."""
    rows = _rows_by_source(cells, axes, _device_text)
    return [f"The runs of this table come from different devices. {_sources_text(rows)}."] if len(rows) > 1 else []


def _rows_by_source(
    cells: Sequence[Cell], axes: TableAxes, source: Callable[[Mapping[str, Json], Result], str]
) -> dict[str, dict[str, None]]:
    """The rows that each source made, by its text; of a row whose source is not known nothing."""
    rows: dict[str, dict[str, None]] = {}
    for cell in cells:
        for seed, environment in ((seed, part) for seed, parts in _environments(cell).items() for part in parts):
            if text := source(environment, cell.results[seed]):
                rows.setdefault(text, {})[place_text(cell.labels, *axes)] = None
    return rows


def _sources_text(rows: Mapping[str, Mapping[str, None]]) -> str:
    return "; ".join(f"{source}: {', '.join(places)}" for source, places in rows.items())


def _device_text(environment: Mapping[str, Json], result: Result) -> str:
    """The processor where runs were made on it, else the kind of the accelerator, or its platform where the kind is not known."""
    platform = environment.get("platform")
    name = environment.get("machine") if platform == "cpu" else environment.get("device")
    return str(name or platform or "")


def _code_text(environment: Mapping[str, Json], result: Result) -> str:
    """The commit, the digest of a source that no commit holds, and the code's integer, as far as they are known."""
    commit, changes = environment.get("commit"), environment.get("changes")
    version = result.get("code_version") or environment.get("code_version")
    words = (f"commit {commit}" if commit and commit != "unknown" else "", f"source {changes}" if changes else "")
    return ", ".join(filter(None, (*words, f"version {version}" if version else "")))


def _environments(cell: Cell) -> dict[int, tuple[Mapping[str, Json], ...]]:
    """Of every run that is done what did each part of it: its own env.json, or where it has none its cell's."""
    cell_environments = readable_environments(cell.folder)
    return {seed: readable_environments(cell.folder / f"seed-{seed}") or cell_environments for seed in cell.results}


def _flatten(tree: Mapping[str, Json], prefix: str = "") -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for key, value in tree.items():
        flat += _flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(prefix + key, value_text(value))]
    return flat
