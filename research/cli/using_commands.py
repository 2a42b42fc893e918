"""Commands that use a finished run, and the one that shows how a text is cut."""

import json
from pathlib import Path
from typing import Annotated

import typer

from research.cli.application import (
    RUNS,
    AsJson,
    ConfigFile,
    DataDir,
    OutDir,
    Overrides,
    RunName,
    RunsDir,
    app,
    guarded,
    set_device_flags,
)
from research.config.errors import StepladderError
from research.config.levels import levels_varied_by
from research.first_imports import without_collections

RANKED, MERGED = (", ".join(levels_varied_by(kind)) for kind in ("sample", "bpe_dropout"))  # levels of probabilities, and of merges


@app.command()
@guarded
def generate(
    run: RunName,
    prompt: Annotated[str | None, typer.Option(help="Text to go on from.")] = None,
    prompts: Annotated[Path | None, typer.Option(help="A UTF-8 file, a prompt a line: all in one batch.")] = None,
    tokens: Annotated[int, typer.Option(min=1, help="How many tokens to draw, at most.")] = 50,
    decoder: Annotated[str, typer.Option(metavar="greedy|sample|top_k|top_p|beam", help="How a token is chosen.")] = "sample",
    temperature: Annotated[float | None, typer.Option(help="Of sample, top_k and top_p: 1 by default.")] = None,
    k: Annotated[int | None, typer.Option(help="Of top_k: drawn from the k likeliest.")] = None,
    p: Annotated[float | None, typer.Option(help="Of top_p: drawn from the fewest whose mass reaches p.")] = None,
    beam: Annotated[int | None, typer.Option(help="Of beam: how many beginnings are kept.")] = None,
    length_penalty: Annotated[float | None, typer.Option("--length-penalty", help="Of beam: 0 for none.")] = None,
    n_best: Annotated[int | None, typer.Option("--n-best", help="Of beam: so many texts with their scores.")] = None,
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop a text at its end symbol.")] = False,
    recompute: Annotated[bool, typer.Option("--recompute", help="Also time a token where the text before it is read again.")] = False,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    runs: RunsDir = RUNS,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Draw text from a trained or counted language model."""
    from research.config.decoder_options import check_n_best, decoder_from_options

    options = {"temperature": temperature, "k": k, "p": p, "beam": beam, "length-penalty": length_penalty}
    decoder_config = decoder_from_options(decoder, options)
    best_count = check_n_best(decoder_config, n_best)
    set_device_flags(1)
    with without_collections():
        from research.api.opened_run import open as open_run
        from research.cli import commands
        from research.use.continuations import GenerationRequest
        from research.use.generate import prompts_from_options

    request = GenerationRequest(prompts_from_options(prompt, prompts), tokens, decoder_config, best_count, until_end, recompute, seed)
    return commands.generate_command(open_run(run, runs, data_dir), request, as_json)


@app.command()
@guarded
def score(
    run: RunName,
    file: Annotated[
        Path | None, typer.Option(help="A UTF-8 file, a prompt, a tab and its completion a line; the first of several is right.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="A text.")] = None,
    examples: Annotated[int | None, typer.Option(min=0, help="Other lines of the file put before each prompt.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the examples; by default the run's.")] = None,
    runs: RunsDir = RUNS,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """How well a language model completes prompts, or its perplexity on a text."""
    set_device_flags(1)
    with without_collections():
        from research.api.opened_run import open as open_run
        from research.cli import commands
        from research.use.score import scoring_request

    request = scoring_request(file, text, examples, seed)
    return commands.score_command(open_run(run, runs, data_dir), request, as_json)


@app.command()
@guarded
def tokenize(
    config: ConfigFile,
    overrides: Overrides = None,
    text: Annotated[str, typer.Option(help="The text to cut.")] = "",
    n_best: Annotated[int | None, typer.Option("--n-best", help=f"{RANKED}: so many segmentations with their probabilities.")] = None,
    merges: Annotated[int | None, typer.Option(help=f"{MERGED}: the first so many merges, in order.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Show how a config's vocabulary cuts a text: pieces and their ids."""
    from research.api.loaded_cell import find_cell_config
    from research.config.loader import load_config
    from research.use.encode_text import encode_text, encoding_lines

    loaded = load_config(find_cell_config(config), overrides or [])
    if loaded.config is None:
        raise StepladderError(f"{config} is a sweep, so it has many vocabularies; name a file of one cell.")
    encoding = encode_text(loaded.config, text, n_best, merges, data_dir)
    print(json.dumps(encoding) if as_json else "\n".join(encoding_lines(encoding)))
    return 0


@app.command()
@guarded
def predict(
    run: RunName,
    text: Annotated[str | None, typer.Option(help="A sentence.")] = None,
    file: Annotated[Path | None, typer.Option(help="A UTF-8 file, a sentence a line.")] = None,
    runs: RunsDir = RUNS,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Classify sentences: the class, its probability, and the words that drove it; or tag words, which white space sets apart."""
    set_device_flags(1)
    with without_collections():
        from research.api.opened_run import open as open_run
        from research.cli import commands

    return commands.predict_command(open_run(run, runs, data_dir), text, file, as_json)


@app.command()
@guarded
def probe(
    run: RunName,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="[data.b=value ...]", help="Labelled or tagged sentences, if they are not the run's own."),
    ] = None,
    out: OutDir = None,
    runs: RunsDir = RUNS,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Ask every layer of a finished model for the class of a sentence, or the tag of a word, by a linear probe."""
    set_device_flags(1)
    with without_collections():
        from research.api.opened_run import open as open_run
        from research.cli import commands

    return commands.probe_command(open_run(run, runs, data_dir), overrides or [], out, as_json)
