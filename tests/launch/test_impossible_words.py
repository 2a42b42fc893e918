"""A counted model that holds something for impossible is told as such by every command; a torn run is done again."""

import json

import pytest
from tiny import seeds_in

NGRAM = {"data": {}, "model": {"kind": "ngram", "order": 2, "smoothing": {"kind": "maximum_likelihood"}}}
UNSEEN = "w0 w0 w1 w0\n"


@pytest.mark.parametrize("split", ["valid", "test"])
def test_an_impossible_word_is_no_traceback(place, split):
    (place.folder / f"{split}.txt").write_text(UNSEEN)
    path = place.write(NGRAM)
    called = place.call("train", path)
    assert called.code == 0, called
    assert f"{split}: loss infinite, perplexity infinite" in called.stdout
    told = place.call("train", path, "--json").stdout
    found = json.loads(told, parse_constant=lambda word: pytest.fail(word))
    assert found[split]["perplexity"] == found["runs"][0][split]["loss"] == "infinite"
    scored = place.call("score", found["cell_id"], "--text", UNSEEN.strip(), "--json").stdout
    assert json.loads(scored, parse_constant=lambda word: pytest.fail(word))["perplexity"] == "infinite"


def test_a_run_whose_result_was_not_copied_is_done_again_by_the_same_command(place):
    path = place.write(NGRAM | {"model": {"kind": "ngram", "order": 2}})
    place.done("train", path)
    (run,) = seeds_in(place.folder / "runs").values()
    (run / "result.json").unlink()
    (listed,) = json.loads(place.call("runs", "--json").stdout)["cells"]
    assert listed["seeds"] == {"0": "not run"}
    assert place.done("train", path)["status"] == "done"
    assert (run / "result.json").exists()
