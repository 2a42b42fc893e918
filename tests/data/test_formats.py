"""Every format of tables gives back the rows that another program wrote, packed or not; what is broken is told with its place."""

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from research.config.errors import StepladderError
from research.config.unicode import decode
from research.data.formats import compression, extra, text_lines
from research.data.formats.delimited import is_quoted
from research.data.formats.rows import Row, label_cell, number_cell, text_cell, words_cell
from research.data.formats.tables import FORMATS, is_table, read_rows, table_digest

Rows = list[tuple[str, str]]
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda content: content,
    ".gz": gzip.compress,
    ".zst": lambda content: zstandard.compress(content[: len(content) // 2]) + zstandard.compress(content[len(content) // 2 :]),
}


def write_delimited(delimiter: str, quoting: int, end: str = "\r\n"):
    def write(rows: Rows) -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows([("text", "label"), *rows])
        return text.getvalue().encode()

    return write


def write_pandas_tsv(rows: Rows) -> bytes:
    return pandas.DataFrame(rows, columns=["text", "label"]).to_csv(sep="\t", index=False).encode()


def write_json_lines(rows: Rows) -> bytes:
    return "".join(json.dumps({"label": label, "more": [1], "text": text}) + "\n" for text, label in rows).encode()


def write_parquet(rows: Rows) -> bytes:
    content = io.BytesIO()
    pandas.DataFrame(rows, columns=["text", "label"]).to_parquet(content, engine="pyarrow")
    return content.getvalue()


WRITERS = {
    "a.csv": write_delimited(",", csv.QUOTE_MINIMAL),
    "b.csv": write_delimited(",", csv.QUOTE_ALL, "\n"),
    "c.tsv": write_pandas_tsv,
    "d.jsonl": write_json_lines,
    "e.json": write_json_lines,
    "f.parquet": write_parquet,
}
characters = st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\ufeff")
tables = st.lists(st.tuples(st.text(characters, max_size=12), st.sampled_from(("pos", "neg", 'a "b"'))), min_size=1, max_size=8)
quick = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def rows_of(path: Path) -> Rows:
    return [(text_cell(row, "text"), label_cell(row, "label")) for row in read_rows(path, ["text", "label"])]


@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize("name", WRITERS)
@quick
@given(rows=tables)
def test_a_file_gives_back_its_rows(name, ending, rows, tmp_path):
    path = tmp_path / (name + ending)
    path.write_bytes(PACKERS[ending](WRITERS[name](rows)))
    assert rows_of(path) == rows


@pytest.mark.parametrize("ending", PACKERS)
@quick
@given(rows=tables)
def test_a_folder_of_texts_gives_back_its_rows(ending, rows):
    rows = sorted((text, label[:3]) for text, label in rows)
    with tempfile.TemporaryDirectory() as folder:
        for number, (text, label) in enumerate(rows):
            path = Path(folder, label, f"{number}.txt{ending}")
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(PACKERS[ending](text.encode()))
        assert sorted(rows_of(Path(folder))) == rows


def test_a_data_set_saved_on_disk_gives_back_its_rows_and_the_names_of_its_classes(tmp_path):
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    columns = {"text": ["a\nb", "é", ""], "label": [1, 0, 1], "tags": [[0, 1], [], [1]], "score": [0.5, 1.0, -2.0]}
    names = datasets.ClassLabel(names=["neg", "pos"])
    features = {"text": datasets.Value("string"), "label": names, "tags": datasets.Sequence(names), "score": datasets.Value("float32")}
    whole = datasets.Dataset.from_dict(columns, features=datasets.Features(features))
    datasets.DatasetDict({"train": whole, "dev": whole.select([2, 1])}).save_to_disk(tmp_path / "saved")
    whole.to_parquet(tmp_path / "whole.parquet")
    for path in (tmp_path / "saved" / "train", tmp_path / "whole.parquet"):
        rows = list(read_rows(path, [*columns]))
        assert [text_cell(row, "text") for row in rows] == columns["text"]
        assert [label_cell(row, "label") for row in rows] == ["pos", "neg", "pos"]
        assert [words_cell(row, "tags") for row in rows] == [("neg", "pos"), (), ("pos",)]
        assert [number_cell(row, "score") for row in rows] == columns["score"]
    both = [(row.cells["text"], row.cells["split"]) for row in read_rows(tmp_path / "saved", ["text", "split"])]
    assert both == [*((text, "train") for text in columns["text"]), ("", "dev"), ("é", "dev")]
    (tmp_path / "saved" / "dev" / "data-00000-of-00001.arrow").write_bytes(b"no arrow")
    with pytest.raises(StepladderError, match="dev is no whole data set"):
        list(read_rows(tmp_path / "saved", ["text"]))


def test_folders_of_splits_and_classes(tmp_path):
    for name in ("train/pos/2.txt", "train/pos/1.txt", "train/neg/1.txt", "test/pos/1.txt", "train/beside.txt", "train/pos/.hidden"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"text of {name}\n")
    rows = list(read_rows(tmp_path, ["text", "label", "split"], place="here"))
    assert [row.place for row in rows] == ["here/test/pos/1.txt", "here/train/neg/1.txt", "here/train/pos/1.txt", "here/train/pos/2.txt"]
    assert [(row.cells["split"], row.cells["label"]) for row in rows] == [
        ("test", "pos"),
        ("train", "neg"),
        ("train", "pos"),
        ("train", "pos"),
    ]
    before = table_digest(tmp_path, "here")
    (tmp_path / "train" / "beside.txt").write_text("not read")
    assert table_digest(tmp_path, "here") == before
    (tmp_path / "train" / "pos" / "2.txt").rename(tmp_path / "train" / "neg" / "2.txt")
    assert table_digest(tmp_path, "here") != before


@quick
@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\t\n\0\r\ufeff"), max_size=6), min_size=2, max_size=2)))
def test_a_tsv_whose_cells_all_hold_a_lone_quote_has_no_quotes(cells):
    lines = [f'{first}x"y\t{second}x"y\n' for first, second in cells]
    assert not is_quoted(lines)


@pytest.mark.parametrize(
    ("content", "first"),
    [
        ('text\tlabel\n"Yes" he said\tpos\n"No"\tneg\n', '"Yes" he said'),  # as GLUE has it: quotes are characters
        ('text\tlabel\n"Yes ""he"" said"\tpos\n"No"\tneg\n', 'Yes "he" said'),  # as pandas writes it
        ('text\tlabel\n"one\ttwo"\tpos\n', "one\ttwo"),
        ('text\tlabel\n"one\ntwo"\tpos\n', "one\ntwo"),
        ("text\tlabel\nNo 'quotes'\tpos\n", "No 'quotes'"),
    ],
)
def test_quotes_of_a_tsv(tmp_path, content, first):
    (tmp_path / "a.tsv").write_text(content)
    assert rows_of(tmp_path / "a.tsv")[0][0] == first


@quick
@given(st.lists(st.sampled_from([b"a", "é".encode(), b"\n", b"\r\n", b"\r", b"\xef\xbb\xbf", b" "])).map(b"".join), st.integers(1, 7))
def test_lines_are_those_of_the_whole_text_however_it_is_read(tmp_path, content, size):
    (tmp_path / "text").write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compression, "CHUNK", size)
        assert "".join(text_lines.decoded_lines(tmp_path / "text", "text", "utf-8")) == decode(content, "text")


def test_a_byte_that_is_no_text_is_told_with_its_line_in_any_block(tmp_path, monkeypatch):
    monkeypatch.setattr(compression, "CHUNK", 8)
    (tmp_path / "a.csv").write_bytes(b"text,label\n" + b"good,pos\n" * 6 + b"b\xeate,neg\n")
    with pytest.raises(StepladderError, match=r"a.csv is not UTF-8: line 8 has the byte 0xea. Set data.encoding"):
        rows_of(tmp_path / "a.csv")
    assert label_cell(list(read_rows(tmp_path / "a.csv", ["text"], "latin-1"))[-1], "text") == "bête"


MISTAKES = {
    "a column with another name": ("a.csv", b"review,label\na,b\n", ["a.csv, line 1,", "no column `text`", "review, label"]),
    "a column with nearly the name": ("a.jsonl", b'{"texts": "a", "label": 1}\n', ["line 1,", "did you mean `texts`?", "label"]),
    "a column twice": ("a.csv", b"text,text,label\na,b,c\n", ["2 columns `text`"]),
    "a ragged row": ("a.csv", b'text,label\n"a\nb",pos\nc,d,e\n', ["line 4, has 3 cells", "header has 2"]),
    "a short row": ("a.tsv", b"text\tlabel\na\n", ["line 2, has 1 cells"]),
    "a quote that stays open": ("a.csv", b'text,label\nx,y\n"a,pos\nb,neg\n', ["a.csv, line 3, is no row"]),
    "text behind a quote": ("a.csv", b'text,label\n"a"b,pos\n', ["line 2, is no row"]),
    "an empty line": ("a.csv", b"text,label\n\na,pos\n", ["line 2, is empty"]),
    "an empty line of JSON": ("a.jsonl", b'{"text": "a", "label": 1}\n\n{"text": "a", "label": 1}\n', ["line 2, is empty"]),
    "no JSON": ("a.jsonl", b'{"text": "a", "label": 1}\n{"text": \n', ["line 2, is no JSON"]),
    "no finite number": ("a.jsonl", b'{"text": "a", "label": NaN}\n', ["line 1, is no JSON", "NaN"]),
    "an array": ("a.json", b'[{"text": "a"}]\n', ["line 1", "object a line"]),
    "an array over lines": ("a.json", b'[\n{"text": "a"}\n]\n', ["line 1", "object a line"]),
    "a line without the column": ("a.jsonl", b'{"text": "a", "label": 1}\n{"text": "b"}\n', ["line 2, has no column `label`"]),
    "null": ("a.jsonl", b'{"text": null, "label": 1}\n', ["line 1, has no `text`", "null"]),
    "a number for a text": ("a.jsonl", b'{"text": 3, "label": 1}\n', ["line 1, has 3 for `text`", "a text"]),
    "a fraction for a class": ("a.jsonl", b'{"text": "a", "label": 1.5}\n', ["line 1, has 1.5 for `label`"]),
    "a list for a class": ("a.jsonl", b'{"text": "a", "label": []}\n', ["`label`", "name of a class"]),
    "an empty class": ("a.csv", b"text,label\na,\n", ["line 2, has an empty `label`"]),
    "half a character": ("a.jsonl", b'{"text": "\\ud800", "label": 1}\n', ["line 1,", "`text`", "surrogate"]),
    "an empty file": ("a.csv", b"", ["a.csv is empty"]),
    "an empty packed file": ("a.jsonl.gz", gzip.compress(b""), ["a.jsonl.gz is empty"]),
    "a header alone": ("a.csv", b"text,label\n", ["a.csv is empty"]),
    "a blank header": ("a.csv", b"\ntext,label\n", ["no header"]),
    "gzip that ends early": ("a.csv.gz", gzip.compress(b"text,label\na,b\n")[:-9], ["no whole gzip file"]),
    "no gzip": ("a.csv.gz", b"text,label\n", ["no whole gzip file"]),
    "zstd that ends early": ("a.csv.zst", zstandard.compress(b"text,label\n" + bytes(range(32, 127)) * 9)[:-3], ["no whole zstd file"]),
    "no zstd": ("a.csv.zst", b"text,label\n", ["no whole zstd file"]),
    "no Parquet": ("a.parquet", b"text,label\n", ["cannot be read as Parquet"]),
    "another ending": ("a.xlsx", b"PK", ["a.xlsx is no table", ".csv", ".parquet", "data.columns"]),
    "UTF-16": ("a.csv", "text,label\n".encode("utf-16"), ["UTF-16"]),
}


@pytest.mark.parametrize(("name", "content", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_place_in_one_paragraph(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StepladderError) as told:
        [(text_cell(row, "text"), label_cell(row, "label")) for row in read_rows(tmp_path / name, ["text", "label"], place=name)]
    assert all(word in str(told.value) for word in words), told.value
    assert "\n" not in str(told.value)


def test_blank_lines_at_the_end_are_none(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"text,label\r\na,b\r\n\r\n\r\n")
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "a", "label": "b"}\n\n \n')
    assert rows_of(tmp_path / "a.csv") == rows_of(tmp_path / "a.jsonl") == [("a", "b")]


def test_a_folder_without_classes_is_told(tmp_path):
    (tmp_path / "1.txt").write_text("a text")
    with pytest.raises(StepladderError, match=r"mine is a folder without classes.*mine/pos/1\.txt"):
        list(read_rows(tmp_path, ["text"], place="mine"))
    (tmp_path / "pos" / "deep").mkdir(parents=True)
    (tmp_path / "neg").mkdir()
    with pytest.raises(StepladderError, match="the class pos holds the folder deep"):
        list(read_rows(tmp_path, ["text"], place="mine"))


@pytest.mark.parametrize(("name", "package"), [("a.parquet", "pyarrow"), ("a.csv.zst", "zstandard"), ("saved", "pyarrow")])
def test_a_library_that_is_missing_is_told_with_the_extra(tmp_path, monkeypatch, name, package):
    def missing(module):
        raise ImportError(f"No module named {module!r}")

    monkeypatch.setattr(extra.importlib, "import_module", missing)
    path = tmp_path / name
    if name == "saved":
        path.mkdir()
        (path / "state.json").write_text("{}")
    else:
        path.write_bytes(b"")
    with pytest.raises(StepladderError, match=rf"{package} is not installed.*pip install 'stepladder\[data\]'"):
        list(read_rows(path, ["text"]))


def test_an_encoding_means_nothing_to_a_format_that_says_its_own(tmp_path):
    (tmp_path / "a.parquet").write_bytes(write_parquet([("a", "b")]))
    with pytest.raises(StepladderError, match=r"data.encoding = latin-1 does nothing"):
        list(read_rows(tmp_path / "a.parquet", ["text"], "latin-1"))


def test_the_digest_is_of_the_content_whether_packed_or_not(tmp_path):
    rows: Rows = [("a", "b"), ("c", "d")]
    digests = set()
    for ending, pack in PACKERS.items():
        (tmp_path / f"a.csv{ending}").write_bytes(pack(WRITERS["a.csv"](rows)))
        digests.add(table_digest(tmp_path / f"a.csv{ending}", "a"))
    assert len(digests) == 1


def test_every_format_is_one_whole_entry(tmp_path):
    (tmp_path / "classes" / "pos").mkdir(parents=True)
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "state.json").write_text("{}")
    paths = [
        *(tmp_path / f"a{entry.shown}" for entry in FORMATS.values() if entry.shown.startswith(".")),
        tmp_path / "classes",
        tmp_path / "saved",
    ]
    assert [sum(entry.matches(path) for entry in FORMATS.values()) for path in paths] == [1] * len(FORMATS)
    assert [name for name in ("a.tsv", "a.json", "a.txt", "a.csv", "A.CSV.GZ") if is_table(tmp_path / name, False)] == ["a.csv", "A.CSV.GZ"]
    assert is_table(tmp_path / "a.tsv", True)


@pytest.mark.parametrize(("value", "number"), [("1.5", 1.5), (2, 2.0), ("-3e2", -300.0)])
def test_numbers(value, number):
    assert number_cell(Row("here", {"a": value}), "a") == number


@pytest.mark.parametrize("value", ["", "3,5", "nan", "inf", float("inf"), True, None, [1.0]])
def test_what_is_no_number_is_told(value):
    with pytest.raises(StepladderError, match=r"here, has .*a finite number"):
        number_cell(Row("here", {"a": value}), "a")


@pytest.mark.parametrize(("value", "words"), [(["a", "b c"], ("a", "b c")), ("a  b", ("a", "b")), ([], ())])
def test_lists_of_words(value, words):
    assert words_cell(Row("here", {"a": value}), "a") == words


@pytest.mark.parametrize("value", [3, None, ["a", None], ["a", 1], ["a", ""]])
def test_what_is_no_list_of_words_is_told(value):
    with pytest.raises(StepladderError, match="here, has "):
        words_cell(Row("here", {"a": value}), "a")
