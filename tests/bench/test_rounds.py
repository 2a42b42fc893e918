"""Rounds, ratios and aims, on numbers that are known and on children that do nothing."""

import sys
from pathlib import Path

import pytest

from research.bench import rounds as module
from research.bench.benchmarks import Aim, BenchmarkSide, Case
from research.bench.outcome_tables import exponents
from research.bench.process import SideError, missing_requirements
from research.bench.rounds import CaseResult, SideResult, best_peer, measure_case, peer_ratios, run_rounds, share_of_peak, time_ratio
from research.bench.sizes import GrowthSizes, LSTMSizes
from research.bench.verdict import aim_verdicts

FAKE = Path(__file__).parent / "fake_child.py"
SIZES = LSTMSizes(1, 8, 4, 2, 10)
NOTHING = Aim()


def case(sides=("ours", "torch", "flax"), aim=NOTHING):
    return Case("lstm_step/fake", SIZES, sides, 1, (1, 1), aim)


def measured(name, *seconds, **words):
    return SideResult(name, "measured", "", tuple(map(float, seconds)), **words)


def test_the_ratio_is_that_of_adjacent_rounds():
    found = time_ratio([1.0, 2.0, 4.0], [2.0, 3.0, 16.0])
    assert found == (2.0, 1.5, 4.0)


def test_a_machine_that_slows_down_leaves_the_ratio_alone():
    drift = [1.0, 2.0, 5.0, 9.0]
    assert time_ratio(drift, [1.5 * seconds for seconds in drift]) == (1.5, 1.5, 1.5)


def test_the_best_peer_has_the_least_median():
    outcome = CaseResult(case(), (measured("ours", 1, 1, 1), measured("torch", 2, 9, 2), measured("flax", 3, 3, 1)), None)
    assert best_peer(outcome) == "torch"
    assert {name: found.median for name, found in peer_ratios(outcome).items()} == {"torch": 2, "flax": 3}


def test_the_share_of_the_peak_counts_the_same_work_for_all():
    outcome = CaseResult(case(), (measured("ours", 0.5, flops=1e9), measured("torch", 1.0)), 4e9)
    assert [share_of_peak(outcome, side) for side in outcome.sides] == [0.5, 0.25]


def test_sides_take_turns():
    order = []
    sides = {name: lambda name=name: float(len(order.append(name) or "1")) for name in "ABC"}
    found, failed = run_rounds(sides, 3, print, 0.0)
    assert "".join(order) == "ABCABCABC"
    assert found == {name: [1.0] * 3 for name in "ABC"}
    assert not failed


def test_a_side_that_fails_has_no_further_turn_and_no_numbers():
    turns = []

    def fall():
        turns.append("B")
        if len(turns) == 2:
            raise SideError("out of memory")
        return 1.0

    found, failed = run_rounds({"A": lambda: 1.0, "B": fall, "C": lambda: 2.0}, 4, print, 0.0)
    assert found == {"A": [1.0] * 4, "C": [2.0] * 4}
    assert failed == {"B": "out of memory"}
    assert len(turns) == 2


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Measures a case whose sides are fake children: (seconds, word at which it crashes) by name."""
    monkeypatch.setattr(module, "QUIET", 0.0)
    monkeypatch.setattr(module, "missing_requirements", lambda side: "")

    def run(sides, repeats=2, aim=NOTHING):
        log = tmp_path / "turns.txt"
        words = lambda case, name: (sys.executable, str(FAKE), str(log), name, *map(str, sides.get(name, (1.0,))))
        outcome = measure_case(case(tuple(name for name in sides if name != "peak"), aim), tmp_path / "bench", repeats, build_command=words)
        return outcome, log.read_text().split()

    return run


def test_children_alternate_with_the_peak(run):
    outcome, turns = run({"ours": (1.0,), "torch": (1.5,), "peak": (0.5,)})
    assert turns == ["ours", "torch", "peak"] * 2
    assert outcome.peak == 4e9
    assert [(side.status, side.seconds, side.peak_memory_mb) for side in outcome.sides] == [
        ("measured", (1.0, 1.0), 100.0),
        ("measured", (1.5, 1.5), 100.0),
    ]


@pytest.mark.parametrize("word", ["ready", "round", "stop"])
def test_a_crash_is_told_by_its_last_line_and_the_others_are_kept(run, word):
    outcome, _ = run({"ours": (1.0,), "torch": (1.5, word), "flax": (2.0,)}, aim=Aim(ratio=1.1))
    assert [side.status for side in outcome.sides] == ["measured", "failed", "measured"]
    assert outcome.side("torch").message == f"torch fell over at {word}"
    assert not outcome.side("torch").seconds
    assert peer_ratios(outcome) == {"flax": (2.0, 2.0, 2.0)}


def test_a_peak_that_crashes_costs_the_share_alone(run):
    outcome, _ = run({"ours": (1.0,), "peak": (1.0, "round")})
    assert outcome.peak is None
    assert outcome.side("ours").seconds == (1.0, 1.0)


def test_what_is_missing_is_said_with_its_remedy():
    assert (
        missing_requirements(BenchmarkSide("m", packages=("no_such_package",)))
        == "no_such_package is not installed; pip install 'stepladder[bench]'"
    )
    found = missing_requirements(BenchmarkSide("m", programs=("no-such-program", "nor-this"), help="build them"))
    assert found == "no-such-program and nor-this are not on PATH; build them"
    assert missing_requirements(BenchmarkSide("m", packages=("json",))) == ""


def outcome(aim, **sides):
    given = tuple(found if isinstance(found, SideResult) else measured(name, *found) for name, found in sides.items())
    return CaseResult(case(tuple(sides), aim), given, None)


def status(outcome):
    return [one.status for one in aim_verdicts(outcome)]


def test_an_aim_is_against_the_best_peer():
    assert status(outcome(Aim(ratio=1.5), ours=(1, 1), torch=(1.4, 1.4), flax=(2, 2))) == ["not met"]
    assert status(outcome(Aim(ratio=1.4), ours=(1, 1), torch=(1.4, 1.4), flax=(2, 2))) == ["met"]


def test_an_aim_is_open_while_a_peer_is_absent_unless_it_is_missed_already():
    absent = SideResult("flax", "missing", "flax is not installed")
    assert status(outcome(Aim(ratio=1.4), ours=(1, 1), torch=(1.5, 1.5), flax=absent)) == ["open"]
    assert status(outcome(Aim(ratio=1.4), ours=(1, 1), torch=(1.3, 1.3), flax=absent)) == ["not met"]
    assert status(outcome(Aim(ratio=1.4), ours=SideResult("ours", "failed", "why"), torch=(1.3, 1.3))) == ["open"]


def test_an_aim_may_be_against_each_peer():
    aim = Aim(against=(("torch", 1.2), ("flax", 1.4)))
    assert status(outcome(aim, ours=(1,), torch=(1.2,), flax=(1.3,))) == ["met", "not met"]
    assert status(outcome(aim, ours=(1,), torch=SideResult("torch", "failed", "why"), flax=(1.5,))) == ["open", "met"]


def test_an_aim_in_seconds_needs_no_peer():
    assert status(outcome(Aim(seconds=0.2), ours=(0.1, 0.2, 0.9), kenlm=SideResult("kenlm", "missing"))) == ["met"]
    assert status(outcome(Aim(seconds=0.2), ours=(0.1, 0.3, 0.9))) == ["not met"]


def test_an_aim_of_compilation():
    sides = lambda ours: (measured("ours", 1, warm_up_seconds=ours), measured("ours_cold", 2, warm_up_seconds=8.0))
    judged = lambda ours: status(CaseResult(case(("ours", "ours_cold"), Aim(warm_up=2.0)), sides(ours), None))
    assert [judged(4.0), judged(4.1)] == [["met"], ["not met"]]


def test_growth_is_the_exponent_from_the_row_before():
    grown = CaseResult(Case("growth/fake", GrowthSizes(SIZES, "length", (2, 4, 12)), ("2", "4", "12"), 1, (1, 1)), (), None)
    assert exponents(grown, [1.0, 4.0, 12.0]) == [None, pytest.approx(2), pytest.approx(1)]
    assert exponents(grown, [1.0, None, 3.0]) == [None, None, None]
