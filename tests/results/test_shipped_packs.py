"""Packs that lie beside their presets are of today's code, and the file of docs/commons.md takes its rows from one."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from research.catalog.choose import choose_experiment
from research.catalog.folders import shipped_packs
from research.cli import app
from research.config.cell_inputs import input_cell_id
from research.config.code_version import CODE_VERSION
from research.config.loader import load_config
from research.runs import store
from research.runs.checksums import sha256_hex
from research.runs.pack_sources import open_pack, read_object
from research.runs.sweep_manifest import earlier_hash, sweep_hash, sweep_name

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", shipped_packs())
def test_a_shipped_pack_is_of_its_preset_today(name):
    source = open_pack(shipped_packs()[name])  # computes every id anew
    loaded = choose_experiment(*name.split("/"), []).loaded
    assert source.sweeps[0] in [f"sweeps/{sweep_name(loaded)}-{digest}.json" for digest in (sweep_hash(loaded), earlier_hash(loaded))]
    assert len(source.sweeps) == 1
    entries = read_object(source, source.sweeps[0])["cells"]
    assert {(entry["cell_id"], seed) for entry in entries for seed in entry["seeds"]} == {tuple(run) for run in source.runs}
    assert source.facts["code_version"] == CODE_VERSION
    assert shipped_packs()[name].stat().st_size < 300_000


def test_the_file_of_the_page_has_rows_of_the_pack_and_one_more(tmp_path):
    (words,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "commons.md").read_text("utf-8"), re.DOTALL)
    path = tmp_path / "gru_reach.toml"
    path.write_text(words.replace('"experiments/', f'"{ROOT.as_posix()}/experiments/'))
    source = open_pack(shipped_packs()["gradient_flow/quick"])
    digest = read_object(source, f"{source.runs[0].cell_id}/cell.json")["data"]
    ids = [input_cell_id(point.config, str(digest), {}) for point in load_config(path).points()]
    assert [cell_id in {run.cell_id for run in source.runs} for cell_id in ids] == [True, True, False]


def test_a_pack_is_pulled_by_name_file_and_address(tmp_path):
    content = shipped_packs()["gradient_flow/quick"].read_bytes()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *words):
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/a/ladder.zip"
        for number, word in enumerate((address, "gradient_flow", str(shipped_packs()["gradient_flow/quick"]))):
            result = CliRunner().invoke(app, ["pull", word, "--json", "--runs", str(tmp_path / str(number))])
            assert json.loads(result.stdout)["merged"][0]["counts"] == {"added": 27}, result.stderr
            assert f"sha256 {sha256_hex(content)}" in result.stderr
    assert store.cell_ids(tmp_path / "0") == store.cell_ids(tmp_path / "1")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["gradient_flwo"], "did you mean `gradient_flow`"),
        (["gradient_flow", "--preset", "tuning"], "preset tuning is shipped"),
        (["gradient_flow", "--sha256", "0" * 64], "it is another file"),
        (["http://127.0.0.1:1/x.zip"], "cannot be reached"),
    ],
)
def test_what_cannot_be_pulled_is_said(tmp_path, words, told):
    result = CliRunner().invoke(app, ["pull", *words, "--runs", str(tmp_path / "runs")])
    assert result.exit_code == 2
    assert told in result.stderr
    assert not (tmp_path / "runs").exists()
