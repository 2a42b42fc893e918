"""What the sentences of a split belong to."""

from pydantic import TypeAdapter

from research.config.data import Data
from research.data.loading import load_dataset
from research.tasks.membership import sentence_membership


def test_a_slice_that_is_called_like_a_class_gives_way(tmp_path):
    for split in ("train", "valid", "test"):
        (tmp_path / f"{split}.tsv").write_text("long\tnot so good\nshort\tbad\n" * 6)
    paths = {split: str(tmp_path / f"{split}.tsv") for split in ("train", "valid", "test")}
    data = load_dataset(TypeAdapter(Data).validate_python({"kind": "labelled_files", **paths}))
    belongs = sentence_membership(data, "test")
    assert belongs.names == ("long", "short")
    assert "negation" in belongs.slices
    assert not {"long", "short"} & set(belongs.slices)
