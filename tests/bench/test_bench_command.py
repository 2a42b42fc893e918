"""`stepladder bench` as it is called."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from research.bench import bench_command, benchmarks, rounds
from research.bench.benchmarks import BENCHMARKS, Aim, Benchmark, BenchmarkSide, Case, select_cases
from research.bench.sizes import LSTMSizes
from research.cli import app

FAKE = Path(__file__).parent / "fake_child.py"
CASE = Case("fake/one", LSTMSizes(1, 8, 4, 2, 10), ("ours", "quick", "absent"), 1, (3, 2), Aim(ratio=2.0))
SIDES = {"ours": BenchmarkSide("m"), "quick": BenchmarkSide("m"), "absent": BenchmarkSide("m", packages=("no_such_package",))}


def call(*words):
    return CliRunner().invoke(app, ["bench", *words])


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """A benchmark of fake children; returns the word at which a side is to crash, by name."""
    crash = {}
    words = lambda case, name: (sys.executable, str(FAKE), str(tmp_path / "turns"), name, "0.5", crash.get(name, ""))
    one = Benchmark("fake", "nothing at all", "unit", (CASE,), SIDES)
    monkeypatch.setattr(benchmarks, "BENCHMARKS", (*BENCHMARKS, one))
    monkeypatch.setattr(rounds, "QUIET", 0.0)
    monkeypatch.setattr(bench_command, "measure_case", lambda *args: rounds.measure_case(*args, build_command=words))
    return crash


def test_json_is_one_object(fake):
    result = call("fake", "--json", "--repeats", "2")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["repeats"] == 2
    ours, quick, absent = found["cases"][0]["sides"]
    assert ours["seconds"] == [0.5, 0.5]
    assert quick["ratio"] == {"median": 1.0, "low": 1.0, "high": 1.0, "of_medians": 1.0}
    assert absent["status"] == "missing"
    assert absent["message"] == "no_such_package is not installed; pip install 'stepladder[bench]'"


def test_a_missing_peer_is_no_failure_and_no_silence(fake):
    result = call("fake", "--repeats", "1")
    assert result.exit_code == 0, result.output
    assert "fake/one, 5 s; missing: absent" in result.stderr
    assert "absent missing: no_such_package is not installed" in result.stdout


def test_a_crash_is_exit_1_and_the_others_are_shown(fake):
    fake["quick"] = "round"
    result = call("fake", "--repeats", "1")
    assert result.exit_code == 1
    assert "quick failed: quick fell over at round" in result.stdout
    assert "500 ms" in result.stdout


def test_what_will_run_is_said_before_it_starts(fake):
    result = call("fake/one", "--repeats", "3")
    assert result.stderr.startswith("1 case, 3 rounds each, about 9 s on two cores:\n")


@pytest.mark.parametrize(("name", "near"), [("lstm_stepp", "lstm_step"), ("lstm_step/zaremba_smal", "lstm_step/zaremba_small")])
def test_an_unknown_name_is_one_paragraph_with_the_nearest(name, near):
    result = call(name)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
    assert f"did you mean `{near}`?" in result.stderr


def test_without_a_name_all_but_the_table():
    assert {case.name.split("/")[0] for case in select_cases(())} == {one.name for one in BENCHMARKS} - {"table"}
    assert [case.name for case in select_cases(["table"])] == ["table/small"]


def test_a_name_is_a_benchmark_or_one_case():
    assert [case.name for case in select_cases(["lstm_step/zaremba_small"])] == ["lstm_step/zaremba_small"]
    assert [case.name for case in select_cases(["lstm_step"])] == ["lstm_step/zaremba_small", "lstm_step/zaremba_medium"]


def test_every_case_has_its_name_and_its_sides():
    cases = [case for one in BENCHMARKS for case in one.cases]
    assert len({case.name for case in cases}) == len(cases)
    for one in BENCHMARKS:
        for case in one.cases:
            assert benchmarks.benchmark_of(case) is one
            assert one.name == "growth" or set(case.sides) <= set(one.sides)
            assert {name for name, _ in case.aim.against} <= set(case.sides)


def test_the_parent_imports_neither_jax_nor_torch():
    script = """
import sys
from typer.testing import CliRunner
from research.cli import app
import research.bench.bench_command
assert CliRunner().invoke(app, ["bench", "nothing_of_the_kind"]).exit_code == 2
assert not {"jax", "torch", "numpy", "scipy"} & set(sys.modules), "slow imports in the parent"
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
