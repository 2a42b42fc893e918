"""`python -m experiments.word_vectors`: the tables, the map and, if asked for, the vectors, to begin other models with.

`stepladder reproduce word_vectors` measures the same, with its claims, as a report.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from research.config.errors import StepladderError


def main(
    corpus: Annotated[str, typer.Option(help="shakespeare | wikitext2")] = "shakespeare",
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="A folder with datasets already on disk.")] = None,
    out: Annotated[Path, typer.Option(help="Where tables and figure go.")] = Path("reports/word_vectors"),
    save: Annotated[bool, typer.Option("--save", help="Write the vectors of the first seed, in the format of word2vec.")] = False,
) -> None:
    """Skip-gram, CBOW and counted vectors of one text, scored on MEN, WordSim-353 and analogies."""
    try:
        _run(corpus, data_dir, out, save)
    except StepladderError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(2) from None


def _run(corpus: str, data_dir: Path | None, out: Path, save: bool) -> None:
    from research.execute.environment import use_compilation_cache
    from research.report.formats.comma_separated import sheet_csv
    from research.report.formats.markdown import markdown
    from research.text.vector_files import write_vectors

    from .measure import QUICK, load_sets, load_words, measure, methods
    from .tables import map_picture, neighbour_sheet, score_sheet

    use_compilation_cache()
    types, text = load_words(corpus, data_dir)
    sets, fits = load_sets(data_dir), []
    for fit in measure(types, text, methods(QUICK), range(QUICK.seeds), sets):
        print(f"{fit.method}{'' if fit.seed is None else f', seed {fit.seed}'}: {fit.seconds:.1f} s", file=sys.stderr)
        fits.append(fit)
    sheets = score_sheet(corpus, fits), neighbour_sheet(fits)
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{corpus}.md").write_text("\n".join(map(markdown, sheets)), encoding="utf-8")
    (out / f"{corpus}.csv").write_text(sheet_csv(sheets[0]), encoding="utf-8")
    picture = map_picture(corpus, fits)
    (out / f"{corpus}.svg").write_text(picture.svg, encoding="utf-8")
    (out / f"{corpus}.png").write_bytes(picture.png)
    if save:
        for fit in fits:
            if fit.answers and not fit.seed:
                write_vectors(out / f"{corpus}-{fit.method.lower().replace(', ', '-')}.txt", fit.vectors)
    print(markdown(sheets[0]))


typer.run(main)
