"""Small sweeps of every task that is trained, and what two versions of the code make of them: equal to the byte, but for times.

A change of the house that is to change no result is held by it: on one machine (bits are a processor's), once before and once after.

usage: python scripts/golden_sweeps.py make FOLDER
       python scripts/golden_sweeps.py compare BEFORE AFTER
"""

import argparse
import csv
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FEW = ["seeds=2", "run.log_every=5", "optim.schedule.warmup=2"]
PAIRS = ["data.train_pairs=300", "data.valid_pairs=40", "data.test_pairs=40", "train.steps=12"]
SWEEPS = {
    "lm_ladder": ["data.train_tokens=40000", "data.valid_tokens=3000", "data.test_tokens=6000"],
    "captioning": PAIRS,
    "classifier_ladder": ["data.train_sentences=300", "train.epochs=1"],
    "decoding": PAIRS,
    "fine_tuning": ["train.steps=12"],
}
COSTS = ("Core-seconds", "seconds", "tokens_per_second", "latency", "peak_memory")
OF_THE_LAUNCH = {"cost", "created", "spec_file", "command", "format", "seconds", "versions", "hash", "files"}
ARRAYS = ("items.npz", "tokens.npz", "test_tokens.npz", "texts.jsonl")
LINES = ("metrics.jsonl",)
RESULTS = ("result.json", "test.json")


def main() -> None:
    """Makes the sweeps, or compares two folders of them; ends with 1 where they differ."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True)
    make = commands.add_parser("make")
    make.add_argument("folder", type=Path)
    make.add_argument("--only", nargs="*", default=list(SWEEPS), choices=list(SWEEPS))
    make.set_defaults(run=lambda arguments: make_sweeps(arguments.folder.resolve(), arguments.only))
    compare = commands.add_parser("compare")
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    compare.set_defaults(run=lambda arguments: compare_folders(arguments.before, arguments.after))
    arguments = parser.parse_args()
    sys.exit(arguments.run(arguments))


def make_sweeps(folder: Path, names: list[str]) -> int:
    """Runs and reports each sweep with the code beside this script; programs are kept in the folder, so that a second time is quick."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "JAX_COMPILATION_CACHE_DIR": str(folder.parent / "programs")}
    environment |= {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    failures = 0
    for name in names:
        began = time.monotonic()
        words = [name, *SWEEPS[name], *FEW, "--preset", "quick", "--runs", str(folder / name / "runs")]
        for command, more in (("reproduce", []), ("report", ["--out", str(folder / name / "report"), "--format", "md,csv,html,tex"])):
            run = subprocess.run(
                [sys.executable, "-m", "research.cli", command, *words, *more], cwd=ROOT, env=environment, capture_output=True, text=True
            )
            (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / name / f"{command}.log").write_text(run.stdout + run.stderr, encoding="utf-8")
            if run.returncode:
                failures += 1
                print(f"{name}: {command} ended with {run.returncode}: {run.stderr.strip()[-300:]}", flush=True)
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    return int(failures > 0)


def compare_folders(before: Path, after: Path) -> int:
    """Says how many files are equal, and names those that are not, or that one folder alone has."""
    sides = [dict(contents(folder)) for folder in (before, after)]
    alone = [sorted(sides[i].keys() - sides[1 - i].keys()) for i in (0, 1)]
    changed = sorted(path for path in sides[0].keys() & sides[1].keys() if sides[0][path] != sides[1][path])
    for title, paths in (("only before", alone[0]), ("only after", alone[1]), ("different", changed)):
        for path in paths:
            print(f"{title}: {path}")
    equal, of_one_side = len(sides[0].keys() & sides[1].keys()) - len(changed), len(alone[0]) + len(alone[1])
    print(f"{equal} files equal, {len(changed)} different, {of_one_side} of one side")
    return int(any(alone) or bool(changed))


def contents(folder: Path) -> Iterator[tuple[str, str]]:
    """Each file that holds results, under its place, with a digest of what of it is no time, path or version of a format."""
    for path in sorted(folder.glob("*/runs/*/seed-*/*")):
        if path.name in ARRAYS:
            yield str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest()
        elif path.name in RESULTS:
            yield str(path.relative_to(folder)), json.dumps(timeless(json.loads(path.read_text(encoding="utf-8"))))
        elif path.name in LINES:
            lines = path.read_text(encoding="utf-8").splitlines()
            yield str(path.relative_to(folder)), json.dumps([timeless(json.loads(line)) for line in lines])
    for path in sorted(folder.glob("*/report/report.json")):
        yield str(path.relative_to(folder)), json.dumps(timeless(json.loads(path.read_text(encoding="utf-8"))))
    for path in sorted(folder.glob("*/report/table.csv")):
        rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        yield str(path.relative_to(folder)), json.dumps([row for row in rows if not is_cost(row["metric"])])


def timeless(value: Any) -> Any:
    """A tree of JSON without what measures the machine or names the launch."""
    if isinstance(value, list):
        return [timeless(item) for item in value if not is_cost(str(item.get("metric", "") if isinstance(item, dict) else item))]
    if isinstance(value, dict):
        return {key: timeless(item) for key, item in value.items() if key not in OF_THE_LAUNCH and not is_cost(key)}
    return value


def is_cost(name: str) -> bool:
    """Whether a metric is a time or a memory."""
    return any(cost in name for cost in COSTS)


if __name__ == "__main__":
    main()
