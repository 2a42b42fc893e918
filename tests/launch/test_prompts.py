"""Prompt sets: in a run's evaluation, in its tests, and from the command line."""

import json

import numpy as np
import pytest
from tiny import SMALL

from research.compare.cells import axes_of, load_cells
from research.compare.comparisons import compare_cells
from research.compare.tables import measure_cell
from research.data.prompts import PromptLine
from research.use.open_run import open_run
from research.use.score import ScoringRequest, score_prompts, scoring_request

LINES = "w1 w3\tw5 w6\tw9 w9\nw2\tw4\tw24 nowhere w1\n\tw7\tw20 w21\nw2 w3 w5\tw6 w8 w9\tw1\n"
NGRAM = {"data": {"length": 6}, "model": {"kind": "ngram", "order": 3}}


@pytest.fixture(scope="package")
def rows(_compile_once, shared_place):
    """A feed-forward model without and with examples, and an n-gram, one seed each."""
    path = shared_place.folder / "asked.tsv"
    path.write_text(LINES)
    asked = lambda k: {"eval.prompts": {"file": str(path), "examples": k}}
    small = {"model": SMALL["model"]}
    listed = [
        {"label": "small"} | small | asked(0),
        {"label": "examples"} | small | asked(2),
        {"label": "counted", "model": NGRAM["model"]} | asked(2),
    ]
    spec = {"name": "asked", "list": listed, "metric": "test.perplexity_at_prompts"}
    base = {key: value for key, value in SMALL.items() if key != "model"}
    written = shared_place.write(base, "asked", seeds=1, sweep=spec)
    called = shared_place.call("sweep", written, runs="asked")
    assert called.code == 0, called
    runs = shared_place.folder / "asked"
    manifest = json.loads(next((runs / "sweeps").iterdir()).read_text())
    return manifest, {cell.labels["label"]: cell for cell in load_cells(manifest, runs)}, runs, path


def test_metrics_are_those_of_the_items(rows):
    for cell in rows[1].values():
        found, items = cell.results[0]["metrics"]["test"], cell.scored("prompts").items
        assert items.id.tolist() == [0, 1, 2, 3]
        assert items.tokens.tolist() == [2, 1, 1, 3]
        nats = items.fields["loss"].sum()
        assert found["perplexity_at_prompts"] == pytest.approx(np.exp(nats / 7))
        assert found["bits_per_character_at_prompts"] == pytest.approx(nats / np.log(2) / len(" w5 w6 w4w7 w6 w8 w9"))
        assert found["exact_match_at_prompts"] == items.fields["exact"].mean()
        assert found["preferred_at_prompts"] == items.fields["preferred"].mean()
        assert cell.results[0]["extra"]["unknown_in_prompts"] == 0  # `nowhere` is in no right completion


def test_prompts_of_two_cells_are_paired_by_line(rows):
    manifest, cells, *_ = rows
    for metric in ("perplexity", "bits_per_character", "exact_match", "preferred"):
        name = f"test.{metric}_at_prompts"
        assert compare_cells(cells["small"], cells["counted"], name, axes_of(manifest)).p_items is not None
        assert measure_cell(cells["small"], name)[1] == "items"
    other = compare_cells(cells["small"], cells["examples"], "test.perplexity_at_prompts", axes_of(manifest))
    assert other.difference != 0  # two more lines fill a context of two words where the prompt is short
    assert other.comparable
    assert compare_cells(cells["small"], cells["examples"], "test.perplexity", axes_of(manifest)).difference == 0


def test_the_command_gives_what_the_run_did(rows):
    *_, cells, runs, path = rows
    for label, examples in (("small", None), ("examples", 2), ("counted", None)):
        cell = cells[label]
        found = score_prompts(open_run(runs, cell.cell_id, None), scoring_request(path, None, examples, None))
        kept = cell.results[0]["metrics"]["test"]
        assert {f"{name}_at_prompts": found[name] for name in ("perplexity", "bits_per_character", "exact_match", "preferred")} == {
            name: pytest.approx(value, rel=1e-6) for name, value in kept.items() if name.endswith("_at_prompts")
        }
        assert [one["exact"] for one in found["each"]] == [one["greedy"].split() == one["completions"][0].split() for one in found["each"]]


def test_a_text_is_scored_from_the_beginning_of_a_line(rows):
    """Its tokens' chain rule: the sum over prompts that grow by a word. The line's end is no part of it."""
    *_, cells, runs, _ = rows
    run, nats = open_run(runs, cells["counted"].cell_id, None), lambda found: found["tokens"] * np.log(found["perplexity"])
    whole = score_prompts(run, scoring_request(None, "w1 w3 nowhere", None, None))
    parts = [ScoringRequest((PromptLine(*line),)) for line in (("", ("w1",)), ("w1", ("w3",)), ("w1 w3", ("nowhere",)))]
    assert nats(whole) == pytest.approx(sum(nats(score_prompts(run, part)) for part in parts))
    assert (whole["tokens"], whole["unknown"], whole["lines"]) == (3, 1, 1)


def test_another_set_is_another_cell_and_another_path_is_not(place):
    ids = []
    for file, text in (("a", LINES), ("b", LINES), ("c", LINES.replace("w24", "w23"))):
        (place.folder / file).write_text(text)
        path = place.write(SMALL, file, eval={"segments": 3, "prompts": {"file": str(place.folder / file)}})
        ids.append(json.loads(place.call("show", path, "--json").stdout)["cells"][0]["cell_id"])
    plain = json.loads(place.call("show", place.write(SMALL), "--json").stdout)["cells"][0]["cell_id"]
    assert ids[0] == ids[1]
    assert len({plain, ids[0], ids[2]}) == 3
