"""What decoders look at, over pictures and between words: panels for what is there, weights where they belong."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_plots import texts as said

from research.compare.cells import load_cells
from research.report.caption_plot import Caption, caption_plot, upsample_weights
from research.report.figures import FIGURES
from research.runs import store


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 1000))
def test_weights_over_a_picture_are_level_on_and_beyond_the_middles_of_places(places, times, seed):
    """An odd number of pixels a place has its middle in a pixel: there the weight itself stands; the corners have the corners' weights."""
    weights = np.random.default_rng(seed).dirichlet(np.ones(places**2))
    spread = upsample_weights(weights, places * (2 * times - 1))
    middles = np.arange(places) * (2 * times - 1) + times - 1
    np.testing.assert_allclose(spread[np.ix_(middles, middles)].ravel(), weights, atol=1e-12)
    np.testing.assert_allclose(spread[[0, 0, -1, -1], [0, -1, 0, -1]], weights[[0, places - 1, -places, -1]], atol=1e-12)


@given(st.integers(1, 6), st.integers(1, 30))
def test_equal_weights_lie_level_over_a_picture(places, side):
    np.testing.assert_allclose(upsample_weights(np.full(places**2, 0.25), side), np.full((side, side), 0.25), atol=1e-12)


def test_a_caption_has_a_panel_a_word_and_one_for_the_picture():
    random = np.random.default_rng(0)
    one = Caption(random.random((8, 8)), ("black", "up-pointing", "triangle"), random.dirichlet(np.ones(4), size=3), "first")
    other = Caption(random.random((8, 8)), ("dot",), np.ones((1, 1)), "second")
    drawn = caption_plot("captions", "Captions", [one, other])
    assert said(drawn) == ["black", "up-pointing", "triangle", "dot", "first", "second"]
    assert drawn.svg.count("<image") == 1 + 3 + 1 + 1
    assert drawn.drawn == caption_plot("captions", "Captions", [one, other]).drawn


def keep(folder, sources, targets, written, places):
    """What a run leaves of the pairs that it shows."""
    random = np.random.default_rng(len(written))
    arrays, lines = {}, []
    for i, (source, target) in enumerate(zip(sources, targets, strict=True)):
        arrays |= {f"source_{i}": source, f"target_{i}": np.array(target), f"weights_{i}": random.dirichlet(np.ones(places), len(target))}
        lines.append(json.dumps({"source": f"x U+{i:04X}", "reference": "-", "written": f"{written} {i}"}) + "\n")
    store.write_arrays(folder / "attention.npz", **arrays)
    store.write_text(folder / "texts.jsonl", "".join([*lines, lines[0]]))


def cells_of(manifest):
    return [(cell["cell_id"], cell["labels"]["label"]) for cell in manifest["cells"]]


@pytest.fixture
def copied(texts, tmp_path):
    return texts.manifest, shutil.copytree(texts.runs, tmp_path / "runs")


def test_pictures_are_shown_under_their_captions_by_the_cells_that_attend(copied):
    manifest, runs = copied
    (_, first), (second_id, second), (third_id, third), _ = cells_of(manifest)
    pictures = [np.full(16, 3), np.arange(16) % 4]
    for cell_id, name in ((second_id, "one"), (third_id, "two")):
        keep(store.seed_folder(runs, cell_id, 0), pictures, [["dot", "</s>"], ["tilde", "below", "</s>"]], name, places=4)
        keep(store.seed_folder(runs, cell_id, 1), pictures, [["never", "</s>"], ["shown", "</s>"]], name, places=4)
    drawn = FIGURES["captions"](manifest, load_cells(manifest, runs))
    titles = [f"{label}: U+{i:04X}, written: {name} {i}" for i in (0, 1) for label, name in ((second, "one"), (third, "two"))]
    shown = said(drawn)
    assert [text for text in shown if "written" in text] == titles
    assert [text for text in shown if "written" not in text] == ["dot", "</s>"] * 2 + ["tilde", "below", "</s>"] * 2
    assert not any(first in text for text in shown)


def test_pairs_of_texts_are_shown_as_alignments_one_a_cell(copied):
    manifest, runs = copied
    for cell_id, label in cells_of(manifest):
        words = [np.array(["ein", label]), np.array(["zwei"])]
        keep(store.seed_folder(runs, cell_id, 0), words, [["one", "</s>"], ["two", "</s>"]], label, places=2)
    cells = load_cells(manifest, runs)
    assert FIGURES["captions"](manifest, cells) is None
    shown = said(FIGURES["alignments"](manifest, cells))
    assert shown.count("ein") == shown.count("one") == len(manifest["cells"])
    assert "zwei" not in shown
    assert {label for _, label in cells_of(manifest)} <= set(shown)


def test_the_length_of_a_picture_is_that_of_its_caption(copied):
    manifest, runs = copied
    of_pictures = json.loads(json.dumps(manifest))
    for cell in of_pictures["cells"]:
        cell["config"]["data"]["kind"] = "glyphs"
    drawn = FIGURES["source_lengths"](of_pictures, load_cells(of_pictures, runs))
    assert "caption length, words" in said(drawn)
    assert "by the length of their caption" in drawn.caption
