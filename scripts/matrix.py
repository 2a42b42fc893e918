#!/usr/bin/env python
"""The same on every machine: the tests that train, and the rows of a sweep, as processors of several kinds would compute them.

usage: .venv/bin/python scripts/matrix.py [--skip tests|rows] [--isa SSE4_2 ...] [--cores 1 2] [--out matrix] [--sweep lm_ladder]
       [-- options and files of pytest]

Tests marked `trains` are run once for each instruction set and number of cores, in turn; the sweep once for each instruction set and once
as this machine would. OUT/matrix.json has every number; a table says how far the rows move, and which verdicts turn when they do.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from research.catalog.choose import choose_experiment  # noqa: E402
from research.compare.cells import load_cells  # noqa: E402
from research.compare.stability import perturb_verdicts, relative_spread  # noqa: E402
from research.runs.sweep_manifest import read_manifest  # noqa: E402

HERE = "this machine"
PLACES = ("test.perplexity", "test.accuracy", "test.exact_match", "valid.perplexity", "valid.accuracy")  # the first that a row has


def environment(isa: str, cores: int | None, out: Path) -> dict[str, str]:
    """A person's, with XLA held to an instruction set, and a cache of its own."""
    flags = "" if isa == HERE else f"--xla_cpu_max_isa={isa}"
    variables = {
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip(),
        "STEPLADDER_CACHE": str(out / "cache" / isa.replace(" ", "_")),
    }
    path = {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
    return dict(os.environ) | variables | path | ({"STEPLADDER_TEST_DEVICES": str(cores)} if cores else {})


def run(words: list[str], env: dict[str, str], cores: int | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """A command on so many cores."""
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    pin_cores = None if cores is None else lambda: os.sched_setaffinity(0, allowed)
    return subprocess.run(words, env=env, cwd=ROOT, text=True, check=False, preexec_fn=pin_cores, **options)


def run_tests(isas: Iterable[str], cores: Iterable[int], words: list[str], out: Path) -> list[dict[str, Any]]:
    """The exit code and last line of each run of the marked tests."""
    results = []
    for isa in isas:
        for count in cores:
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "trains", *words]
            completed = run(command, environment(isa, count, out), count, capture_output=True)
            log = out / f"tests-{isa}-{count}.txt"
            log.write_text(completed.stdout + completed.stderr, encoding="utf-8")
            last = (completed.stdout.strip() or completed.stderr.strip() or "nothing").splitlines()
            failures = [line for line in last if line.startswith(("FAILED", "ERROR"))]
            results.append({"isa": isa, "cores": count, "code": completed.returncode, "failures": failures, "log": str(log)})
            print(
                f"{isa:<8} {count} cores: {'pass' if completed.returncode == 0 else f'exit {completed.returncode}'} {'; '.join(failures)}",
                flush=True,
            )
    return results


def run_rows(isas: Iterable[str], sweep: list[str], out: Path) -> dict[str, list[dict[str, Any]]]:
    """The cells of the sweep by instruction set."""
    cells = {}
    for isa in (HERE, *isas):
        command = [sys.executable, "-m", "research.cli", "sweep", *sweep, "--json", "--runs", str(runs_of(isa, out))]
        completed = run(command, environment(isa, None, out), stdout=subprocess.PIPE)
        if completed.returncode != 0:
            sys.exit(f"the sweep failed with {isa}: exit {completed.returncode}")
        cells[isa] = json.loads(completed.stdout)["cells"]
        print(f"{isa}: {len(cells[isa])} cells", file=sys.stderr, flush=True)
    return cells


def runs_of(isa: str, out: Path) -> Path:
    """Where the runs with an instruction set are."""
    return (out / f"runs-{isa.replace(' ', '_')}").resolve()


def compare(cells: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """A row of the sweep a line: its mean with each instruction set, and how far apart they and the runs of each seed are."""
    by_id = {isa: {cell["cell_id"]: cell for cell in listed} for isa, listed in cells.items()}
    lines = []
    for cell_id, cell in by_id[HERE].items():
        same_cells = [isa_cells[cell_id] for isa_cells in by_id.values()]
        metric = next((name for name in PLACES if all(value_of(same, name) is not None for same in same_cells)), None)
        if metric is None:
            continue
        values = {isa: value_of(isa_cells[cell_id], metric) for isa, isa_cells in by_id.items()}
        seeds = zip(*([value_of(record, metric) for record in same["runs"]] for same in same_cells), strict=True)
        seeds_spread = max((relative_spread([value for value in seed if value is not None]) for seed in seeds), default=0.0)
        row = ", ".join(str(value) for value in cell["labels"].values())
        line = {"row": row, "cell_id": cell_id, "metric": metric, "values": values, "of_means": relative_spread([*values.values()])}
        lines.append(line | {"of_seeds": seeds_spread})
    return lines


def value_of(record: Mapping[str, Any], metric: str) -> float | None:
    """A number of a cell or a run, as `sweep --json` prints them."""
    split, _, name = metric.partition(".")
    return (record.get(split) or {}).get(name)


def print_rows(lines: list[dict[str, Any]]) -> None:
    """The table for a person."""
    isas = list(lines[0]["values"])
    print(f"{'row':<40} {'metric':<18}" + "".join(f"{isa:>14}" for isa in isas) + f"{'means':>10}{'seeds':>10}")
    for line in lines:
        numbers = "".join(f"{line['values'][isa]:>14.6g}" for isa in isas)
        print(f"{line['row'][:40]:<40} {line['metric']:<18}{numbers}{line['of_means']:>10.1e}{line['of_seeds']:>10.1e}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--skip", choices=("tests", "rows"))
    parser.add_argument("--isa", nargs="+", default=["SSE4_2", "AVX", "AVX2"])
    parser.add_argument("--cores", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--out", type=Path, default=Path("matrix"))
    parser.add_argument("--sweep", default="lm_ladder")
    parser.add_argument("--preset")
    parser.add_argument("--override", nargs="+", default=[], help="of the sweep, as a.b=value")
    parser.add_argument("pytest", nargs="*", help="options and files for pytest, after --")
    words = parser.parse_args()
    words.out.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {"tests": [], "rows": [], "spread": 0.0, "undecided": []}
    if words.skip != "tests":
        report["tests"] = run_tests(words.isa, words.cores, words.pytest, words.out.resolve())
    if words.skip != "rows":
        sweep = [words.sweep, *words.override, *(["--preset", words.preset] if words.preset else [])]
        lines = compare(run_rows(words.isa, sweep, words.out.resolve()))
        print_rows(lines)
        spread = max(line["of_means"] for line in lines)
        chosen = choose_experiment(words.sweep, words.preset, words.override)
        manifest = read_manifest(chosen.loaded, runs_of(HERE, words.out)) | {"cards": chosen.cards}
        verdicts = perturb_verdicts(manifest, load_cells(manifest, runs_of(HERE, words.out)), spread)
        report |= {"rows": lines, "spread": spread, "undecided": [verdict._asdict() for verdict in verdicts]}
        print(f"numbers move by at most {100 * spread:.2g} %; {len(verdicts)} verdicts turn by that much")
        for verdict in verdicts:
            print(f"  undecided: {verdict.what}: {verdict.verdict}, or {' or '.join(verdict.others)}")
    (words.out / "matrix.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return int(any(test["code"] for test in report["tests"]))


if __name__ == "__main__":
    sys.exit(main())
