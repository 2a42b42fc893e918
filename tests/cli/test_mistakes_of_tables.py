"""A user's mistakes with tables and splits: one paragraph each, exit 2."""

import gzip

import pytest
from test_mistakes import assert_mistake, call

LABELLED = """
[data]
kind = "labelled_files"
train = "{folder}/all.csv"
valid = 0.2
test = 0.2
[model]
kind = "bag_of_words"
"""
CASES = {
    "data.columns.text=txt": ["all.csv, line 1, has no column `txt`", "did you mean `text`?", "text, label"],
    "data.columns.txt=review": ["data.columns.txt", "did you mean `data.columns.text`?"],
    "data.columns=review": ["`data.columns` must be a table", "data.columns.text"],
    "data.group_column=writer": ["has no column `writer`", "text, label"],
    "data.split_column=label data.valid=none data.test=none": ["line 2, has 'pos' for `label`, which is no split", "train, valid, test"],
    "data.train={folder}/ragged.csv": ["ragged.csv, line 3, has 3 cells"],
    "data.train={folder}/cut.csv.gz": ["cut.csv.gz is no whole gzip file"],
    "data.train={folder}/lines.txt data.columns.text=a": ["lines.txt is no table with named columns", "leave data.columns out"],
    "data.train={folder}": ["is a folder without classes"],
    "data.test=1.5": ["`data.test` must be a text or a whole number or below 1"],
    "data.test=0.9999": ["data.test = 0.9999 holds out 12 of the 12 lines", "1 to 10 can be"],
}


@pytest.mark.parametrize("words", CASES)
def test_one_paragraph_and_exit_2(tmp_path, words):
    (tmp_path / "all.csv").write_text("text,label\n" + "good film,pos\nbad film,neg\n" * 6)
    (tmp_path / "ragged.csv").write_text("text,label\ngood,pos\nbad,not good,neg\n")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"text,label\ngood,pos\n")[:-4])
    (tmp_path / "lines.txt").write_text("pos\tgood film\n" * 9)
    (tmp_path / "config.toml").write_text(LABELLED.format(folder=tmp_path))
    overrides = words.format(folder=tmp_path).split()
    assert_mistake(call(tmp_path, "show", str(tmp_path / "config.toml"), *overrides), tmp_path, *CASES[words])
