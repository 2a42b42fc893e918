"""Throw damaged words and files at whatever reads them: only StepladderError may come back, and soon.

    PYTHONPATH=. python scripts/fuzz.py 3000 --seed 0 [KIND ...]

For each kind of input it prints how many were read, how many refused, and each other exception with its first place and the seed that
gives it again: `--seed SEED --kinds KIND 1`. The tests run a small share of each kind.
"""

import argparse
import contextlib
import io
import json
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pandas
from pydantic import TypeAdapter, ValidationError

from research.classic.lexicon import load_lexicon
from research.compare.cells import load_cells
from research.config.data import Data
from research.config.errors import LONGEST_MESSAGE, StepladderError
from research.config.fields import all_keys, leaves
from research.config.loader import load_config
from research.config.schema import Config
from research.data.loading import load_dataset
from research.data.prompts import read_prompt_lines
from research.data.unpacking import gunzip, zip_member
from research.data.vader import read_lexicon_text
from research.plan.work_plan import read_work_plan
from research.runs.pack_sources import open_pack
from research.runs.sweep_manifest import read_manifest_file
from research.text.vector_files import select_vectors

SECONDS = 20  # after which an input is said to hang
BASES = (
    '[data]\nkind = "shakespeare"\n[model]\nkind = "language_model"\nmixer = { kind = "lstm" }\n',
    '[data]\nkind = "pydoc"\n[model]\nkind = "language_model"\nmixer = { kind = "attention" }\n[train]\nsteps = 10\n',
    '[data]\nkind = "shakespeare"\n[model]\nkind = "ngram"\n[sweep]\naxes = { "model.order" = [2, 3] }\ntable = { rows = "model.order" }\n',
    '[data]\nkind = "numerals"\n[model]\nkind = "encoder_decoder"\n',
    '[data]\nkind = "vader"\n[model]\nkind = "classifier"\n[sweep]\nlist = [{ label = "a" }, { label = "b", "model.encoder.width" = 9 }]\n',
    '[data]\nkind = "shakespeare"\n[model]\nkind = "interpolation"\nparts = [{ kind = "ngram" }, { kind = "ngram", order = 2 }]\n',
)
VALUES = (
    *("0", "-1", "1", "2", "3.5", "1e308", "-1e-308", "nan", "inf", "2147483647", "2147483648", "9223372036854775807", "0x" + "f" * 40),
    *("true", '""', '"²"', '"all"', '"off"', '"a\\u0000b"', '"[/x]"', "[]", "[[1]]", "{}", "{kind={}}", '{kind="lstm"}', "[{}]", "[1,2]"),
    *('["a","b"]', "1979-05-27", "word", "'''", "[" * 60 + "]" * 60, "x" * 5000, "{a=" * 40 + "1" + "}" * 40, '[{kind="lstm"},3]'),
)
SWEEPS = ("axes", "zip", "list", "exclude", "seeds", "tune", "match", "metric", "select", "table", "table.rows", "comparisons", "tuned_by")
SENTENCES = [
    ("pos", "a good film , very good"),
    ("neg", "a bad dull film"),
    ("pos", "the play was fine"),
    ("neg", "so long and so bad"),
] * 8
ROWS = [{"text": text, "label": label, "rating": i % 5, "source": text, "target": label} for i, (label, text) in enumerate(SENTENCES)]
FORMATS = ("txt", "csv", "tsv", "jsonl", "parquet", "csv.gz", "jsonl.zst")
OWN = ("files", "labelled_files", "rated_files", "pair_files", "tagged_files")
PIECES = (b"\x00", b"\xff", b"\t", b"\n", b",", b'"', b" ", b"{", b"[", b"nan", b"9" * 5000, "é\u0301²".encode(), b"\xef\xbb\xbf")
SPLITS = ("train", "valid", "test")


def config(draw: random.Random, folder: Path) -> None:
    """A config with words that were damaged, by overrides or in the file."""
    text, keys = draw.choice(BASES), all_keys(Config)
    path = folder / "config.toml"
    own = _own_keys(text)
    lines = [f"{_key(draw, own if draw.random() < 0.7 else keys)}={draw.choice(VALUES)}" for _ in range(draw.choice((1, 1, 1, 2, 4)))]
    if draw.random() < 0.2:
        text = _damaged(draw, text.encode()).decode("utf-8", "surrogateescape")
    if draw.random() < 0.2:
        text, lines = "\n".join(lines) + "\n" + text, []
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    load_config(path, lines).points()


def own_data(draw: random.Random, folder: Path) -> None:
    """A file of the user's own, of any kind of data and format, damaged."""
    kind, ending = draw.choice(OWN), draw.choice((*FORMATS, "conll"))
    content = _damaged(draw, _table(ending))
    names = {split: str(folder / f"{split}.{ending}") for split in SPLITS}
    damaged = draw.choice(SPLITS)
    for split in SPLITS:
        Path(names[split]).write_bytes(content if split == damaged else _table(ending))
    if kind == "pair_files" and ending == "txt":
        names = {f"{split}_{side}": path for split, path in names.items() for side in ("source", "target")}
    try:
        data = TypeAdapter(Data).validate_python({"kind": kind, **names})
    except ValidationError:
        return
    load_dataset(data, None)


def prompts(draw: random.Random, folder: Path) -> None:
    """A file of prompts."""
    read_prompt_lines(_written(draw, folder / "p.tsv", b"the cat\tsat on\nthe dog\tsat too\n" * 3), "--file")


def lexicon(draw: random.Random, folder: Path) -> None:
    """A lexicon of valences."""
    load_lexicon(str(_written(draw, folder / "l.tsv", b"good\t1.9\nbad\t-2.5\t0.1\n" * 4)))


def vectors(draw: random.Random, folder: Path) -> None:
    """Vectors in the text forms and in the binary one."""
    binary = b"2 2\nthe \x00\x00\x80?\x00\x00\x00@\ncat \x00\x00\x80?\x00\x00\x00@\n"
    select_vectors(_written(draw, folder / "v", draw.choice((b"2 2\nthe 1 2\ncat 3 4\n", b"the 1 2\ncat 3 4\n", binary))), {"the", "cat"})


def archive(draw: random.Random, folder: Path) -> None:
    """A gzip, zip or tar file of a server."""
    form = draw.choice(("gz", "zip", "tar"))
    content = _damaged(draw, _archive(form))
    readers = {
        "gz": lambda: gunzip(content, "a.gz"),
        "zip": lambda: zip_member(content, "a.txt", "a.zip"),
        "tar": lambda: read_lexicon_text(content),
    }
    readers[form]()


def pack(draw: random.Random, folder: Path) -> None:
    """A pack of records."""
    open_pack(_written(draw, folder / "p.zip", _pack()))


def manifest(draw: random.Random, folder: Path) -> None:
    """A manifest: its bytes, or a value in it."""
    (folder / "sweeps").mkdir(exist_ok=True)
    path = folder / "sweeps" / "a-0.json"
    if draw.random() < 0.4:
        _written(draw, path, _manifest())
    else:
        tree = json.loads(_manifest())
        holder, key = draw.choice(list(_places(tree)))
        holder[key] = draw.choice((None, [], {}, "x", -1, 1e300, [[]], {"kind": []}, True))
        path.write_text(json.dumps(tree), encoding="utf-8")
    whole = {"parts": [], "order": [], "choices": [], "settled": []}
    found, runs = read_manifest_file(path)
    if draw.random() < 0.3:
        read_work_plan(whole | found)
    load_cells(found, runs)


KINDS: dict[str, Callable[[random.Random, Path], None]] = {
    function.__name__: function for function in (config, own_data, prompts, lexicon, vectors, archive, pack, manifest)
}


class Hang(BaseException):
    """An input that takes too long."""


def trial(kind: str, seed: int, folder: Path) -> str:
    """One input: `read`, `refused`, or what else came of it."""
    began = time.process_time()
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            KINDS[kind](random.Random(seed), folder)
    except StepladderError as error:
        return "refused" if len(str(error)) <= LONGEST_MESSAGE else "a message of more characters than may be"
    except Hang:
        return "hang"
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)
        ours = next((frame for frame in reversed(where) if "/research/" in frame.filename), where[-1])
        return f"{type(error).__name__}: {str(error)[:100]} at {Path(ours.filename).name}:{ours.lineno}"
    return "read" if time.process_time() - began < SECONDS else "hang"


def _key(draw: random.Random, keys: tuple[str, ...]) -> str:
    if draw.random() < 0.2:
        return f"sweep.{draw.choice(SWEEPS)}"
    key = draw.choice(keys)
    return key if draw.random() < 0.9 else f"{key}.{draw.choice(('0', '²', '99999999999', 'kind', 'x'))}"


@cache
def _own_keys(text: str) -> tuple[str, ...]:
    """The keys that a sound config has."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.toml"
        path.write_text(text, encoding="utf-8")
        point = load_config(path).points()[0]
    assert point.config is not None
    return tuple(".".join(key) for key, _ in leaves(point.config.model_dump(mode="json", by_alias=True)))


def _damaged(draw: random.Random, content: bytes) -> bytes:
    """The content with a few bytes flipped, cut, doubled, put in or taken out."""
    for _ in range(draw.choice((0, 1, 1, 2, 5))):
        at, end = sorted(draw.randrange(len(content) + 1) for _ in range(2))
        piece = draw.choice(PIECES)
        content = draw.choice(
            (
                content[:at] + piece + content[at:],
                content[:at] + piece + content[at + 1 :],
                content[:at] + content[end:],
                content[:end] + content[at:],
                content[:end],
            )
        )
    return content


def _written(draw: random.Random, path: Path, content: bytes) -> Path:
    path.write_bytes(_damaged(draw, content))
    return path


def _places(tree: dict | list) -> Iterator[tuple[dict | list, str | int]]:
    for key, value in list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)):
        yield tree, key
        if isinstance(value, dict | list):
            yield from _places(value)


@cache
def _table(ending: str) -> bytes:
    """A sound file of a format."""
    if ending == "txt":
        return "".join(f"{row['label']}\t{row['text']}\n" for row in ROWS).encode()
    if ending == "conll":
        return "".join("\n".join(f"{word} N" for word in row["text"].split()) + "\n\n" for row in ROWS).encode()
    frame = pandas.DataFrame(ROWS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{ending}"
        write = {"csv": frame.to_csv, "tsv": lambda p: frame.to_csv(p, sep="\t"), "parquet": frame.to_parquet}
        write.get(ending.split(".")[0], lambda p: frame.to_json(p, orient="records", lines=True))(path)
        return path.read_bytes()


@cache
def _archive(form: str) -> bytes:
    import gzip
    import tarfile
    import zipfile

    buffer, content = io.BytesIO(), b"good\t1.9\nbad\t-2.5\n" * 50
    if form == "gz":
        return gzip.compress(content)
    if form == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
            opened.writestr("a.txt", content)
    else:
        with tarfile.open(fileobj=buffer, mode="w:gz") as opened:
            member = tarfile.TarInfo("vaderSentiment-3.3.2/vaderSentiment/vader_lexicon.txt")
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _fakes() -> tuple[Callable, Callable]:
    """What the tests write runs and packs with."""
    if (folder := str(Path(__file__).parents[1] / "tests" / "results")) not in sys.path:
        sys.path.append(folder)
    from fake_runs import write_ladder
    from packing import pack_sweep

    return write_ladder, pack_sweep


@cache
def _pack() -> bytes:
    write_ladder, pack_sweep = _fakes()
    with tempfile.TemporaryDirectory() as folder:
        write_ladder(Path(folder) / "runs", seeds=1)
        return pack_sweep(Path(folder) / "runs", Path(folder) / "a.zip").read_bytes()


@cache
def _manifest() -> bytes:
    write_ladder, _ = _fakes()
    with tempfile.TemporaryDirectory() as folder:
        write_ladder(Path(folder), seeds=1)
        return next((Path(folder) / "sweeps").glob("*.json")).read_bytes()


def _hang(*_: object) -> None:
    raise Hang


def main() -> int:
    """Print what came of so many inputs of each kind. 1 where one was neither read nor refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    words = parser.parse_args()
    signal.signal(signal.SIGALRM, _hang)
    wrong = 0
    print(f"seeds {words.seed} to {words.seed + words.inputs - 1}")
    for kind in words.kinds:
        causes: Counter[str] = Counter()
        first: dict[str, int] = {}
        with tempfile.TemporaryDirectory() as folder:
            for seed in range(words.seed, words.seed + words.inputs):
                signal.alarm(SECONDS)
                outcome = trial(kind, seed, Path(folder))
                signal.alarm(0)
                causes[outcome] += 1
                first.setdefault(outcome, seed)
        wrong += words.inputs - causes["read"] - causes["refused"]
        print(f"{kind}: {causes['read']} read, {causes['refused']} refused")
        for cause, count in causes.most_common():
            if cause not in ("read", "refused"):
                print(f"  {count} x {cause} (seed {first[cause]})", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
