"""KenLM's programs on the same text: lmplz fits, query scores."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from research.bench.benchmarks import Case
from research.bench.sizes import NGramSizes
from research.bench.synthetic_text import EOS, sentence_lines, zipf_tokens
from research.bench.work import Work


def prepare(case: Case, side: str) -> Work:
    """A unit is one call of lmplz, or of query with a model that is fitted beforehand, reading and writing included."""
    sizes = case.sizes
    assert isinstance(sizes, NGramSizes)
    folder = Path(tempfile.mkdtemp())  # in the folder of this child, as its TMPDIR says
    tokens = zipf_tokens(sizes.vocabulary, sizes.fitted + sizes.scored)
    train = tokens[: sizes.fitted].copy()
    train[-1] = EOS
    _write(folder / "train.txt", train)
    files = ["--text", str(folder / "train.txt"), "--arpa", str(folder / "model.arpa"), "-T", str(folder)]
    fit = ["lmplz", "-o", str(sizes.order), "--discount_fallback", *files]
    if not sizes.scored:
        return Work(lambda units: _call(fit, units))
    _write(folder / "test.txt", tokens[sizes.fitted :])
    _call(fit, 1)
    query = ["query", "-v", "summary", str(_binary(folder)), str(folder / "test.txt")]
    return Work(lambda units: _call(query, units))


def _binary(folder: Path) -> Path:
    """The model in KenLM's quicker form where its program is here."""
    if shutil.which("build_binary") is None:
        return folder / "model.arpa"
    _call(["build_binary", str(folder / "model.arpa"), str(folder / "model.bin")], 1)
    return folder / "model.bin"


def _write(path: Path, tokens: np.ndarray) -> None:
    path.write_text("".join(" ".join(line) + "\n" for line in sentence_lines(tokens)), encoding="utf-8")


def _call(words: list[str], units: int) -> None:
    for _ in range(units):
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
