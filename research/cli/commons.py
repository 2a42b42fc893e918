"""The commands of the commons: records packed for others, merged, pulled and audited."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from research.cli.application import RUNS, AsJson, DataDir, Preset, RunsDir, app, guarded, set_device_flags
from research.config.errors import StepladderError, did_you_mean
from research.first_imports import without_collections

if TYPE_CHECKING:
    from research.runs.run_state import RunId

DIFFERS = 1  # exit code of an audit that found a difference


@app.command()
@guarded
def pack(
    names: Annotated[list[str], typer.Argument(metavar="SWEEP|RUN ...", help="A SPEC, a manifest or its name in sweeps/; or runs.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The zip file.")],
    preset: Preset = None,
    checkpoints: Annotated[bool, typer.Option("--checkpoints", help="Parameters and vocabularies too.")] = False,
    tokens: Annotated[bool, typer.Option("--tokens/--no-tokens", help="The scores of single tokens, of which mixtures are made.")] = True,
    runs: RunsDir = RUNS,
    as_json: AsJson = False,
) -> int:
    """Put the records of sweeps and runs into one file for others: no text of data, no path of this machine."""
    from research.runs.packs import PackContents, collect_pack, write_pack
    from research.runs.store import to_json

    manifests, chosen = _selection(names, preset, runs)
    packed = collect_pack(runs, chosen, manifests, PackContents(checkpoints, tokens))
    write_pack(out, packed.files)
    size = out.stat().st_size
    if as_json:
        print(to_json({"pack": str(out), "bytes": size, "runs": [run.place for run in packed.runs], "left_out": packed.left_out}))
    else:
        print(f"{out}: {len(packed.runs)} runs, {size:,} bytes")
        print("".join(f"left out: {line}\n" for line in packed.left_out), end="")
    return 0


@app.command()
@guarded
def merge(
    sources: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER ...", help="Packs, and runs folders.")],
    runs: RunsDir = RUNS,
    as_json: AsJson = False,
) -> int:
    """Merge packs and runs folders into the runs folder. Nothing is overwritten."""
    return _merge(sources, runs, as_json)


@app.command()
@guarded
def pull(
    source: Annotated[str, typer.Argument(metavar="NAME|FILE|URL", help="An experiment whose pack is shipped, or a pack.")],
    preset: Preset = None,
    sha256: Annotated[str | None, typer.Option("--sha256", metavar="DIGEST", help="Refuse the file of another checksum.")] = None,
    runs: RunsDir = RUNS,
    as_json: AsJson = False,
) -> int:
    """Fetch a pack and merge it into the runs folder: finished rows that need no training here."""
    with tempfile.TemporaryDirectory(prefix="stepladder-pull-") as folder:
        path = _fetched(source, preset, Path(folder))
        _print_checksum(path, sha256)
        return _merge([path], runs, as_json)


@app.command()
@guarded
def audit(
    pack_file: Annotated[Path, typer.Argument(metavar="PACK", help="A file that pack wrote.")],
    sample: Annotated[int, typer.Option(min=1, help="How many of its runs are done again.")] = 3,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Do some runs of a pack again and compare: exit 1 where a number, or a verdict of its table, is another."""
    from research.runs.pack_sources import open_pack
    from research.runs.store import to_json

    open_pack(pack_file)  # refused before jax is imported
    set_device_flags(None)
    with without_collections():
        from research.execute.environment import use_compilation_cache
        from research.use.audit import TOLERANCE, audit_lines, audit_pack

    use_compilation_cache()
    audited = audit_pack(pack_file, sample, seed, data_dir, lambda line: print(line, file=sys.stderr if as_json else sys.stdout))
    if as_json:
        each = [run._asdict() | {"run": run.run.place, "verdict": run.verdict} for run in audited.runs]
        print(to_json({"pack": str(pack_file), "seed": seed, "tolerance": TOLERANCE, "runs": each, "verdicts": audited.verdicts}))
    else:
        print("\n".join(audit_lines(audited, sample)))
    return 0 if audited.agrees else DIFFERS


def _selection(names: Sequence[str], preset: str | None, runs: Path) -> tuple[list[Path], list["RunId"]]:
    """The manifests, and the runs, that the words name."""
    from research.runs.packs import runs_of_sweep, with_sources
    from research.runs.run_state import RunId
    from research.runs.store import find_run, read_json, seeds_of

    manifests, chosen = list[Path](), list[RunId]()
    for name in names:
        if (path := _manifest(name, preset, runs)) is not None:
            manifests.append(path)
            chosen += runs_of_sweep(read_json(path) or {}, runs)
        else:
            run = find_run(runs, name)
            seeds = seeds_of(run.folder) if run.seed is None else (run.seed,)
            chosen += with_sources([RunId(run.cell_id, seed) for seed in seeds], runs)
    return manifests, list(dict.fromkeys(chosen))


def _manifest(name: str, preset: str | None, runs: Path) -> Path | None:
    """The manifest that a word names: its file, its name in the runs folder, or a SPEC; None of what names no sweep."""
    from research.catalog.choose import choose_experiment
    from research.catalog.folders import find_experiment
    from research.runs.store import sweeps_folder
    from research.runs.sweep_manifest import launched_path, read_manifest

    if name.endswith(".json") and Path(name).is_file():
        return Path(name)
    if name.endswith(".toml") or find_experiment(name) is not None:
        chosen = choose_experiment(name, preset, [])
        read_manifest(chosen.loaded, runs)
        return launched_path(chosen.loaded, runs)
    candidates = [
        path for path in sorted(sweeps_folder(runs).glob("*.json")) if name in (path.stem, path.stem.rpartition("-")[0], path.name)
    ]
    if len(candidates) > 1:
        raise StepladderError(f"{name} was launched {len(candidates)} times: name one of {', '.join(path.stem for path in candidates)}.")
    return candidates[0] if candidates else None


def _merge(sources: Sequence[Path], runs: Path, as_json: bool) -> int:
    from research.runs.merge import merge_sources
    from research.runs.store import to_json

    merged = merge_sources(sources, runs)
    if as_json:
        print(to_json({"merged": [source._asdict() | {"manifests": [str(path) for path in source.manifests]} for source in merged]}))
        return 0
    for source in merged:
        counts = ", ".join(f"{count} {OUTCOMES[outcome]}" for outcome, count in source.counts.items())
        print(f"{source.name}: {counts or 'no runs'}")
        print("".join(f"  {line}\n" for line in source.conflicts), end="")
    manifests = dict.fromkeys(path for source in merged for path in source.manifests)
    if manifests:
        where = "" if runs == RUNS else f" --runs {runs}"
        print("\n".join(["next:", *(f"  stepladder report {path}{where}" for path in manifests)]), file=sys.stderr)
    return 0


OUTCOMES = {
    "added": "runs added",
    "equal": "were here already",
    "completed": "were trained here, and have their test scores now",
    "conflict": "found something else, and are kept apart",
    "held": "left out, as they are under way here",
    "unfinished": "left out, as they gave no result",
}


def _fetched(source: str, preset: str | None, folder: Path) -> Path:
    """The pack that the words name, as a file."""
    if source.startswith(("http://", "https://")):
        from research.data.download import download_url, write_atomically

        path = folder / (source.rstrip("/").rpartition("/")[2].partition("?")[0] or "pack.zip")
        write_atomically(path, download_url(source))
        return path
    if Path(source).is_file():
        return Path(source)
    from research.catalog.folders import shipped_packs

    packs = shipped_packs()
    name = f"{source}/{preset or 'quick'}"
    if name not in packs:
        near = did_you_mean(source, [name.partition("/")[0] for name in packs]) or "."
        offered, wanted = ", ".join(packs) or "none", f" and preset {preset}" if preset else ""
        raise StepladderError(f"{source} is no file, and no pack of that name{wanted} is shipped{near} There are: {offered}.")
    return packs[name]


def _print_checksum(path: Path, expected: str | None) -> None:
    from research.data.download import sha256_of

    digest = sha256_of(path)
    if expected is not None and digest != expected.lower():
        raise StepladderError(f"{path.name} has the checksum {digest}, and not {expected}: it is another file. Nothing was merged.")
    print(f"{path.name}: sha256 {digest}", file=sys.stderr)
