"""Every point of a spec has its place in the table, in the spec's order, however many of them are one cell; each cell is run once."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny import SMALL, seeds_in

from research.compare.cells import axes_of, load_cells
from research.compare.tables import build_table
from research.config.loader import load_config
from research.config.value_labels import value_text
from research.execute.local import pending_runs
from research.plan.build_manifest import build_manifest, work_plan_of
from research.plan.resolve_plan import resolve_plan
from research.runs.sweep_manifest import Launch

COUNTED = {"data": {}, "model": {"kind": "ngram", "order": 2}}
AXES = {  # the first two are no part of a counted model's identity
    "data.length": [4, 8, 16],
    "eval.segments": [1, 2],
    "model.order": [1, 2, 3],
    "model.smoothing.kind": ["kneser_ney", "add_k", "maximum_likelihood"],
}


@st.composite
def sweeps(draw):
    """One to three axes in any order, at most one of them as columns."""
    keys = draw(st.lists(st.sampled_from(list(AXES)), min_size=1, max_size=3, unique=True))
    axes = {key: draw(st.lists(st.sampled_from(AXES[key]), min_size=1, unique=True)) for key in keys}
    columns = draw(st.lists(st.sampled_from(keys), unique=True, max_size=1)) if len(keys) > 1 else []
    return {"name": "drawn", "axes": axes, "table": {"rows": [key for key in keys if key not in columns], "columns": columns}}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sweeps())
def test_every_point_has_its_place_and_every_cell_one_run(place, sweep):
    runs = place.folder / "runs"
    loaded = load_config(place.write(COUNTED, sweep=sweep))
    points, plan = loaded.points(), resolve_plan(loaded, runs, None)
    written = json.loads(json.dumps(build_manifest(plan, Launch("tiny.toml"))))
    assert [entry["labels"] for entry in written["cells"]] == [point.labels for point in points]
    assert len(set(pending_runs(work_plan_of(plan), {}))) == len(pending_runs(work_plan_of(plan), {})) == len(plan.cells)
    table, axes = build_table(written, runs), axes_of(written)
    places = {tuple(value_text(point.labels[axis]) for axis in (*axes.rows, *axes.columns)) for point in points}
    filled = [
        (*row, *column.labels)
        for row, line in zip(table.rows, table.entries, strict=True)
        for column, entry in zip(table.columns, line, strict=True)
        if entry is not None
    ]
    assert len(filled) == len(points)
    assert set(filled) == places
    assert list(table.rows) == list(dict.fromkeys(tuple(value_text(point.labels[axis]) for axis in axes.rows) for point in points))


def test_two_files_of_the_same_bytes_are_one_run_in_two_rows(place):
    (place.folder / "same.txt").write_bytes((place.folder / "train.txt").read_bytes())
    rows = [{"label": "a"}, {"label": "b", "data.train": str(place.folder / "same.txt")}, {"label": "c", "model.order": 1}]
    path = place.write(COUNTED, sweep={"name": "twins", "list": rows})
    told = place.done("sweep", path)
    assert [cell["labels"]["label"] for cell in told["cells"]] == ["a", "b", "c"]
    assert told["cells"][0]["test"] == told["cells"][1]["test"]
    assert len(seeds_in(place.folder / "runs")) == 2
    shown = place.done("sweep", path, "--dry-run")
    assert ([cell["labels"]["label"] for cell in shown["cells"]], shown["runs"]) == (["a", "b", "c"], 2)
    assert place.call("report", path, "--out", str(place.folder / "report"), "--format", "csv").code == 0
    lines = (place.folder / "report" / "table.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["variant", "a", "b", "c"]
    assert lines[1].split(",")[1:] == lines[2].split(",")[1:]


def test_children_and_what_cannot_be_stand_where_the_spec_puts_them(place):
    child = {"label": "child", "init.from": "parent"}
    cannot = {"label": "cannot", "model": {"kind": "language_model", "mixer": {"kind": "lstm"}, "position": {"kind": "rotary"}}}
    rows = [child, cannot, {"label": "parent", "train.steps": 10}, {"label": "alone", "train.steps": 5}]
    path = place.write(SMALL, sweep={"name": "ordered", "list": rows, "impossible": "show"})
    plan = resolve_plan(load_config(path), place.folder / "runs", None)
    assert [row.labels["label"] for row in plan.rows] == ["child", "cannot", "parent", "alone"]
    assert plan.rows[1].config is None
    assert [cell.labels["label"] for cell in plan.cells] == ["parent", "alone", "child"]
    written = build_manifest(plan, Launch("tiny.toml"))
    assert [cell.labels["label"] for cell in load_cells(written, place.folder / "runs")] == ["child", "cannot", "parent", "alone"]


def test_a_model_that_no_machine_holds_is_refused_with_its_parameters(place):
    wide = SMALL | {"model": SMALL["model"] | {"width": 1_000_000_007, "hidden": 1_000_000_007}}
    called = place.call("show", place.write(wide))
    assert (called.code, "parameters is beyond 100,000,000,000" in called.stderr) == (2, True), called
