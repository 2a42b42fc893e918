"""A report is of what was launched: it reads the manifest, and the plugin of its spec need not import."""

from fake_runs import write_ladder
from typer.testing import CliRunner

from research.cli import app
from research.config.loader import spec_digest
from research.runs import store

SPEC = 'plugins = ["mine.py"]\n[data]\nkind = "mine"\n[model]\nkind = "language_model"\n'


def report(folder, *words):
    out = str(folder / "out")
    return CliRunner().invoke(app, ["report", str(folder / "mine.toml"), *words, "--runs", str(folder), "--out", out, "--format", "md"])


def test_a_report_of_a_plugin_that_does_not_import_is_that_of_the_launch(tmp_path):
    (tmp_path / "mine.toml").write_text(SPEC)
    (tmp_path / "mine.py").write_text("def f(:\n")
    refused = report(tmp_path)
    assert refused.exit_code == 2
    assert f"{tmp_path / 'mine.py'}, line 1: this plugin does not import: SyntaxError" in refused.stderr
    manifest = write_ladder(tmp_path) | {"spec_digest": spec_digest(tmp_path / "mine.toml", [])}
    store.write_json(store.sweeps_folder(tmp_path) / "mine-0.json", manifest)
    done = report(tmp_path)
    assert done.exit_code == 0, done.output
    assert "without the plugins of" in done.stderr
    assert "Transformer, rotary" in "".join(path.read_text() for path in (tmp_path / "out").glob("*.md"))
    assert report(tmp_path, "seeds=7").exit_code == 2, "other words were launched"
