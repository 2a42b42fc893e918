"""What is written is what is read."""

import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

from config_strategies import configs
from hypothesis import given, settings
from hypothesis import strategies as st

from research.config.cell_identity import cell_id
from research.config.loader import load_config
from research.config.model import Interpolation
from research.config.schema import Config
from research.config.serialise import to_toml, to_tree


@settings(deadline=None, max_examples=80)
@given(configs(), st.booleans())
def test_a_written_config_reloads_as_itself_and_leaves_out_defaults_unless_wanted(config: Config, defaults: bool) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_text(to_toml(config, defaults), encoding="utf-8")
        read = load_config(path).config
    assert read == config
    assert cell_id(read, "digest") == cell_id(config, "digest")
    short, full = to_tree(config), to_tree(config, defaults=True)
    assert "train" not in short or config.train != Config.model_fields["train"].default
    assert ("train" in full) == (not config.fitted or isinstance(config.model, Interpolation))  # a row of folds has the words of its folds


def test_a_table_of_defaults_is_not_lost_where_there_need_be_none() -> None:
    """`columns = {}` says that a file of lines' ending is a table."""
    data = {"kind": "labelled_files", "train": "a.tsv", "valid": 0.1, "test": 0.1, "columns": {}}
    config = Config.model_validate({"data": data, "model": {"kind": "bag_of_words"}})
    assert Config.model_validate(tomllib.loads(to_toml(config))) == config
    assert tomllib.loads(to_toml(config))["data"]["columns"] == {"text": "text", "label": "label"}
