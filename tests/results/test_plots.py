"""Figures have the same bytes each time, are well-formed, and draw the numbers they are given."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.compare.cells import load_cells
from research.report.figures import against_group, left_out, sweep_figures
from research.report.heat_map import heat_map
from research.report.plots import Series, _spread, line_plot
from research.report.word_map import word_map

SVG = "{http://www.w3.org/2000/svg}"


def texts(picture) -> list[str]:
    return ["".join(element.itertext()).strip() for element in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


@pytest.fixture(scope="module")
def drawn(ladder):
    return sweep_figures(ladder.manifest, load_cells(*ladder))


def test_the_figures_of_a_sweep_are_those_with_something_to_show(drawn):
    assert [picture.name for picture in drawn] == ["curves", "flops", "lengths"]
    ids = [found for picture in drawn for found in re.findall(r'\bid="([^"]+)"', picture.svg)]
    assert len(set(ids)) == len(ids)  # two figures of one page share no id
    for picture in drawn:
        assert picture.png.startswith(b"\x89PNG")
        assert "date" not in picture.svg.lower()


def test_classes_that_are_numbers_are_no_distances(grid):
    cells = load_cells(*grid)
    assert against_group(grid.manifest, cells) is not None
    labelled = [replace(cell, config={"data": {"kind": "labelled_files"}}) for cell in cells]
    assert against_group(grid.manifest, labelled) is None


def test_more_rows_than_can_be_told_apart_have_no_figure_and_a_word(ladder):
    cells = load_cells(*ladder)
    assert left_out(ladder.manifest, cells) == ()
    assert sweep_figures(ladder.manifest, cells * 10) == ()
    (word,) = left_out(ladder.manifest, cells * 10)
    assert word == f"no figures: {10 * len(cells)} rows are more than the 60 that can be told apart in one"


def test_every_row_with_a_result_is_labelled(ladder, drawn):
    curves, flops, lengths = map(texts, drawn)
    rows = [cell["labels"]["label"] for cell in ladder.manifest["cells"] if cell["state"] == "ok"]
    assert set(rows) <= set(curves)
    assert set(rows) <= set(flops)
    assert {"64", "128", "256"} <= set(lengths)
    assert "Transformer, learned" not in curves


def test_a_line_goes_through_its_points():
    x, y = [0.0, 1.0, 2.0, 4.0], [3.0, 1.0, 2.0, 0.0]
    series = [Series("one", x, y), Series("theory", x, [2.0] * 4, kind="theory")]
    picture = line_plot("test", "A line", series, "x", "y")
    assert {"one", "theory", "x", "y"} <= set(texts(picture))
    paths = [element.get("d", "") for element in ElementTree.fromstring(picture.svg).iter(f"{SVG}path") if element.get("clip-path")]
    drawn = next(points for points in map(numbers, paths) if len(points) == 4 and np.ptp(points[:, 1]) > 0)
    np.testing.assert_allclose(normalised(drawn[:, 0]), normalised(x), atol=1e-4)
    np.testing.assert_allclose(normalised(-drawn[:, 1]), normalised(y), atol=1e-4)


def numbers(path: str) -> np.ndarray:
    return np.array([[float(value) for value in pair] for pair in re.findall(r"[ML] (-?[\d.]+) (-?[\d.]+)", path)]).reshape(-1, 2)


def normalised(values) -> np.ndarray:
    values = np.asarray(values, float)
    return (values - values.min()) / np.ptp(values)


def test_a_heat_map_has_a_cell_a_weight_and_names_its_tokens():
    weights = np.random.default_rng(0).dirichlet(np.ones(5), size=(2, 3))
    picture = heat_map("map", "Attention", weights, ["a", "b", "c"], ["v", "w", "x", "y", "z"])
    assert picture.drawn == heat_map("map", "Attention", weights, ["a", "b", "c"], ["v", "w", "x", "y", "z"]).drawn
    assert {"a", "b", "c", "v", "z", "head 1", "head 2"} <= set(texts(picture))
    assert picture.svg.count("<path") >= weights.size


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_labels_keep_their_order_and_their_distance(heights):
    placed = _spread(heights, 0.062)
    order = np.argsort(heights, kind="stable")
    assert all(np.diff(np.array(placed)[order]) >= 0.062 - 1e-9)
    assert min(placed) >= 0
    apart = np.diff(np.sort(heights)).min(initial=1) > 0.062
    if apart:
        np.testing.assert_allclose(placed, heights, atol=1e-9)


def test_a_word_map_names_every_point_and_keeps_it_inside():
    points = np.random.default_rng(0).normal(size=(12, 2))
    words = [f"a-long-word-{i}" for i in range(12)]
    picture = word_map("map", "A map", points, words)
    assert set(words) <= set(texts(picture))
    assert picture.svg == word_map("map", "A map", points, words).svg
    paths = ElementTree.fromstring(picture.svg).iter(f"{SVG}use")
    drawn = np.array([[float(use.get("x")), float(use.get("y"))] for use in paths])
    assert len(drawn) == 12
    scale = np.ptp(drawn[:, 0]) / np.ptp(points[:, 0])
    np.testing.assert_allclose(drawn[:, 0] - drawn[0, 0], scale * (points[:, 0] - points[0, 0]), atol=1e-3)
    np.testing.assert_allclose(drawn[:, 1] - drawn[0, 1], -scale * (points[:, 1] - points[0, 1]), atol=1e-3)
