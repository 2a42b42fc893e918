"""Kills and stops a command at random moments, and says what became of its runs: `python scripts/attack.py --kills 36 --stops 4`.

kills: `sweep` is killed with -9 again and again until it comes to its end; every run is to be that of a command that was never killed.
stops: `train` is stopped with SIGSTOP, its locks are made old, another process finishes its runs, and SIGCONT wakes it: no file may change.
The seed that it prints draws the same moments again, on a machine that is as fast and as busy.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "launch")]

from research.machine import use_workers  # noqa: E402

use_workers(2)  # before jax is imported

from tiny import DROPPED, LSTM, SMALL, Place, seeds_in, status, without_times, write_text  # noqa: E402

ROWS = [
    {"label": "recurrent", "data.batches": "columns", "model": LSTM["model"]},
    {"label": "windows", "model": DROPPED["model"]},
    {"label": "parent"},
    {"label": "child", "init.from": "parent", "optim.learning_rate": 1e-4},
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=36)
    parser.add_argument("--stops", type=int, default=4)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    words = parser.parse_args()
    print(f"seed {words.seed}", flush=True)
    faults = 0
    with tempfile.TemporaryDirectory(prefix="stepladder-attack-") as folder:
        os.environ["STEPLADDER_CACHE"] = str(Path(folder) / "cache")
        place = Place(Path(folder), write_text(Path(folder)))
        faults += kill_series(place, words.kills, Random(words.seed))
        faults += stop_series(place, words.stops, Random(words.seed + 1))
    return int(faults > 0)


def kill_series(place: Place, kills: int, random: Random) -> int:
    """Prints, after each series, how many kills there were, and returns in how many series a run differed from the control."""
    run = {"log_every": 2, "checkpoint_seconds": 0.0}
    path = place.write(SMALL, "family", run=run, seeds=2, sweep={"name": "family", "list": ROWS})
    seconds, control = timed_control(place, path)
    killed = series = differ = lost = 0
    while killed < kills:
        name, done = f"killed-{series}", dict[str, tuple[int, int]]()
        while True:
            child = place.start("sweep", path, runs=name, log=f"{name}.txt")
            child.join(random.uniform(0.02, 1.1) * seconds)
            if not child.is_alive():
                break
            child.kill()
            child.join()
            killed += 1
            runs = seeds_in(place.folder / name)
            lost += sum(written_at(runs[run]) != at for run, at in done.items())
            done = {run: written_at(folder) for run, folder in runs.items() if (folder / "status.json").exists() and is_done(folder)}
        written = {run: without_times(folder) for run, folder in seeds_in(place.folder / name).items()}
        differ += child.exitcode != 0 or written != control
        series += 1
        line = f"{series} series of {len(control)} runs; {differ} differ from the control, {lost} done runs written again"
        print(f"kills: {killed} in {line}", flush=True)
    return differ + lost


def timed_control(place: Place, path: Path) -> tuple[float, dict[str, object]]:
    """Seconds of a command whose programs are compiled already, and all that its runs write."""
    for name in ("warm", "control"):
        began = time.monotonic()
        child = place.start("sweep", path, runs=name, log=f"{name}.txt")
        child.join()
        assert child.exitcode == 0, (place.folder / f"{name}.txt").read_text(encoding="utf-8")
    return time.monotonic() - began, {run: without_times(folder) for run, folder in seeds_in(place.folder / "control").items()}


def is_done(run: Path) -> bool:
    return status(run)["status"] == "done"


def written_at(run: Path) -> tuple[int, int]:
    """When the files that a run has once were written."""
    return (run / "result.json").stat().st_mtime_ns, (run / "status.json").stat().st_mtime_ns


def stop_series(place: Place, stops: int, random: Random) -> int:
    """Prints, after each stop, how often a process that came back changed a file, and returns that."""
    path = place.write(SMALL, "long", train=SMALL["train"] | {"steps": 1000}, run={"log_every": 4}, seeds=3)
    changed = bad_codes = held = 0
    for number in range(stops):
        runs = place.folder / f"stopped-{number}"
        child = place.start("train", path, runs=runs.name, log=f"{runs.name}.txt")
        while not list(runs.glob("*/*/lock")):
            assert child.is_alive(), (place.folder / f"{runs.name}.txt").read_text(encoding="utf-8")
            time.sleep(0.001)
        time.sleep(random.uniform(0, 1.5))
        os.kill(child.pid, signal.SIGSTOP)
        locks = list(runs.glob("*/*/lock"))
        for lock in locks:
            os.utime(lock, (1, 1))
        other = place.start("train", path, runs=runs.name, log=f"{runs.name}-other.txt")
        other.join()
        before = content(runs)
        time.sleep(0.05)
        os.kill(child.pid, signal.SIGCONT)
        child.join()
        held += len(locks)
        changed += content(runs) != before
        bad_codes += (other.exitcode, child.exitcode) != (0, 0)
        line = f"{changed} changed a file on coming back, {bad_codes} ended with another exit code than 0"
        print(f"stops: {number + 1} with {held} runs held; {line}", flush=True)
    return changed + bad_codes


def content(runs: Path) -> dict[Path, tuple[bytes, int]]:
    """Every file of the seeds' folders: its bytes, and when it was written."""
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in runs.glob("*/seed-*/**/*") if path.is_file()}


if __name__ == "__main__":
    sys.exit(main())
