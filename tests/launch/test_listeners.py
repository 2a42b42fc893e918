"""Whoever asks is told of what happens to runs: an entry of LISTENERS, and TensorBoard's."""

from contextlib import contextmanager

import pytest
from tiny import SMALL, seeds_in

from research.execute.listeners import LISTENERS
from research.execute.tensorboard import write_event
from research.train.events import Done, Progressed, Sampled, Validated
from research.train.trained_files import Job


def test_a_listener_is_one_entry_and_is_told_of_the_runs_that_name_it(place, monkeypatch):
    events, closed = [], []

    @contextmanager
    def remember():
        yield events.append
        closed.append(True)

    monkeypatch.setitem(LISTENERS, "memory", remember)
    path = place.write(SMALL, run={"listeners": ["memory"], "sample_tokens": 4})
    assert place.call("train", path).code == 0
    assert closed == [True]
    samples = [event for event in events if isinstance(event, Sampled)]
    assert [sample.step for sample in samples] == [event.step for event in events if isinstance(event, Validated)] != []
    assert all(len(sample.text.split()) == 4 for sample in samples)
    assert isinstance(events[-1], Done)

    events.clear()
    other = place.write(SMALL, "unwatched", optim={"learning_rate": 0.02})
    assert place.call("train", other).code == 0
    assert events == []

    ids = {name.partition("/")[0] for name in seeds_in(place.folder / "runs")}
    plain = place.write(SMALL, "plain")
    assert "all 1 runs are done" in place.call("train", plain).stderr
    assert ids == {name.partition("/")[0] for name in seeds_in(place.folder / "runs")}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"listeners": ["tensorbord"]}, "did you mean `tensorboard`?"),
        ({"sample_tokens": -1}, "run.sample_tokens"),
    ],
)
def test_a_word_that_cannot_be_is_refused_before_anything_starts(place, words, message):
    called = place.call("train", place.write(SMALL, run=words))
    assert (called.code, message in called.stderr) == (2, True), called
    assert not seeds_in(place.folder / "runs")


def test_tensorboard_reads_what_events_say(tmp_path):
    tensorboard = pytest.importorskip("tensorboardX")
    job = Job("cell", None, 0, tmp_path)
    with tensorboard.SummaryWriter(str(tmp_path)) as writer:
        write_event(writer, Progressed(job, 10, 20, 1e-3, 4.5, 1.0, 100, 1.0))
        write_event(writer, Validated(job, 10, {"loss": 4.25, "perplexity": 70.0, "accuracy_at_negation": 0.5}))
        write_event(writer, Sampled(job, 10, "a b c"))
    (path,) = tmp_path.iterdir()
    assert {(tag, step) for tag, step, _ in scalars(path)} == {
        *(("train/" + name, 10) for name in ("loss", "learning_rate", "gradient_norm")),
        *(("valid/" + name, 10) for name in ("loss", "perplexity")),
    }
    assert {tag: value for tag, _, value in scalars(path)}["valid/loss"] == 4.25
    assert b"a b c" in path.read_bytes()


def scalars(path):
    """Tag, step and value of every scalar in a file of events: records of a length, its checksum, the event, its checksum."""
    from tensorboardX.proto.event_pb2 import Event

    content, at = path.read_bytes(), 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 8], "little")
        event = Event.FromString(content[at + 12 : at + 12 + size])
        yield from ((value.tag, event.step, value.simple_value) for value in event.summary.value if value.HasField("simple_value"))
        at += 16 + size
