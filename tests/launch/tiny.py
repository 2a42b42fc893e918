"""A text of 27 types, models that train on it in a second, and two ways to run them: in this process, and in a child that may be killed."""

import json
import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tomli_w
from typer.testing import CliRunner

from research.runs import store

LSTM = {
    "data": {"length": 6, "batches": "columns"},
    "model": {
        "kind": "language_model",
        "layers": 1,
        "width": 8,
        "mixer": {"kind": "lstm"},
        "norm": {"kind": "none"},
        "residual": False,
        "feed_forward": {"kind": "none"},
        "dropout": {"input": 0.2},
    },
    "train": {"steps": 20, "batch_size": 4, "evaluations": 3},
    "eval": {"segments": 3},
}
ELMAN = LSTM | {"model": LSTM["model"] | {"mixer": {"kind": "elman"}}}  # a carry and dropout, in half the operations
TRANSFORMER = {
    "data": {"length": 6},
    "model": {
        "kind": "language_model",
        "layers": 1,
        "width": 8,
        "mixer": {"kind": "attention", "heads": 2},
        "dropout": {"attention": 0.2, "residual": 0.2},
    },
    "train": {"steps": 20, "batch_size": 4, "evaluations": 3},
    "eval": {"segments": 3},
}
SMALL = {  # compiles in a moment
    "data": {"length": 6},
    "model": {"kind": "feed_forward_lm", "context": 2, "width": 6, "hidden": 5},
    "train": {"steps": 20, "batch_size": 4, "evaluations": 4},
    "eval": {"segments": 3},
    "run": {"log_every": 8},
}
DROPPED = SMALL | {"model": SMALL["model"] | {"dropout": 0.2}}  # windows with dropout
TIMES = ("cost", "seconds")


def write_text(folder: Path) -> dict[str, Any]:
    """Lines of six words, each likelier after some than after others. Valid and test are equally long: one program scores both."""
    rng = np.random.default_rng(0)
    for split, lines in (("train", 100), ("valid", 20), ("test", 20)):
        words = (rng.integers(25, size=(lines, 1)) + np.cumsum(rng.integers(1, 4, (lines, 6)), axis=1)) % 25
        (folder / f"{split}.txt").write_text("".join(" ".join(f"w{word}" for word in line) + "\n" for line in words))
    return {"kind": "files", **{split: str(folder / f"{split}.txt") for split in ("train", "valid", "test")}}


class Place(NamedTuple):
    """A folder with a text, and where its runs go."""

    folder: Path
    text: dict[str, Any]

    def write(self, tree: dict[str, Any], name: str = "tiny", **tables: Any) -> Path:
        """The tree on this text as a TOML file; `tables` replace or add whole tables."""
        path = self.folder / f"{name}.toml"
        path.write_text(tomli_w.dumps(tree | {"data": self.text | tree["data"]} | tables))
        return path

    def call(self, command: str, path: Path, *words: str, runs: str = "runs") -> "Called":
        """A command of stepladder in this process."""
        from research.cli import app

        result = CliRunner().invoke(app, [command, str(path), *words, "--runs", str(self.folder / runs)])
        return Called(result.exit_code, result.stdout, result.stderr, result.exception)

    def done(self, command: str, path: Path, *words: str, runs: str = "runs") -> dict[str, Any]:
        """What a command that succeeds says with --json."""
        called = self.call(command, path, "--json", *words, runs=runs)
        assert called.code == 0, called
        found: dict[str, Any] = json.loads(called.stdout)
        return found

    def start(self, command: str, path: Path, *words: str, runs: str = "runs", log: str = "log.txt") -> Any:
        """The same in a child process, which is returned at once; what it prints is added to a file."""
        call = [command, str(path), *words, "--runs", str(self.folder / runs)]
        child = CHILDREN.Process(target=_run, args=(call, str(self.folder / log)))
        child.start()
        return child


class Called(NamedTuple):
    code: int
    stdout: str
    stderr: str
    exception: BaseException | None


CHILDREN = multiprocessing.get_context("forkserver")  # its server imports everything once and starts nothing
CHILDREN.set_forkserver_preload(["research.cli.commands", "research.compare.tables", "research.report.terminal", "orbax.checkpoint"])


def _run(words: list[str], log: str) -> None:
    from research.cli import app

    said = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(said, sys.stdout.fileno())
    os.dup2(said, sys.stderr.fileno())
    app(words)


def seeds_in(runs: Path) -> dict[str, Path]:
    """Every run of a folder, as cell/seed-k."""
    return {f"{path.parent.name}/{path.name}": path for path in sorted(runs.glob("*/seed-*"))}


def without_times(run: Path) -> dict[str, Any]:
    """All that a run has written, but what measures the machine: the same for the same run, bit for bit."""
    result = store.read_result(run) or {}
    files = ("items.npz", "tokens.npz", "test_tokens.npz")
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return {
        "result": json.dumps({key: value for key, value in result.items() if key not in TIMES}),
        "metrics": [{key: value for key, value in line.items() if key not in TIMES} for line in lines],
        "arrays": {name: (run / name).read_bytes() for name in files if (run / name).exists()},
    }


def metrics(run: Path, split: str) -> list[dict[str, Any]]:
    """The lines of a split in a run's metrics.jsonl."""
    return [line for text in (run / "metrics.jsonl").read_text().splitlines() if (line := json.loads(text))["split"] == split]


def status(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "status.json").read_text())
    return found
