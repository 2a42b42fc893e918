"""How many runs share a program, in which order, and with which other numbers, leaves no trace in a run."""

from tiny import TRANSFORMER, seeds_in, without_times


def test_a_run_does_not_depend_on_its_neighbours(shared_place, pair, never_stopped):
    """n = 1, 3, 5 against n = 2; five in reversed order, three with learning rates of their own."""
    rates = [1e-3, 3e-3, 0.1]
    table = {"rows": "optim.learning_rate"}
    transformers = shared_place.write(
        TRANSFORMER, "rates", seeds=[1], sweep={"name": "rates", "axes": {"optim.learning_rate": rates}, "table": table}
    )
    calls = {
        "one": ("sweep", pair, "seeds=[0]", "run.checkpoint_seconds=60.0"),
        "five": ("sweep", pair, "seeds=[4, 3, 2, 1, 0]", "run.checkpoint_seconds=60.0"),
        "rates": ("sweep", transformers, "run.log_every=4"),
    }
    children = [shared_place.start(*words, runs=name, log=f"{name}.txt") for name, words in calls.items()]
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    found = {name: {run: without_times(path) for run, path in seeds_in(shared_place.folder / name).items()} for name in calls}
    assert [len(runs) for runs in found.values()] == [2, 10, 3]
    for name, runs in found.items():
        same = runs.keys() & never_stopped.keys()
        assert {run: runs[run] for run in same} == {run: never_stopped[run] for run in same}
        assert len(same) == {"one": 2, "five": 4, "rates": 1}[name]
    assert len({run["result"] for run in found["rates"].values()}) == 3
    assert shared_place.done("show", transformers)["programs"] == 1
