"""What a person may do next, as commands that can be pasted."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from research.config.model_facts import model_facts
from research.config.schema import Config
from research.data.dataset import Dataset, TextSplit

WORDS = 4  # of a prompt
LONGEST = 60  # characters of a sentence


def after_training(cell_id: str, config: Config, data: Dataset, places: Sequence[str]) -> list[str]:
    """To use a cell that is done, with words of its own data. `places`: --runs and --data-dir where they are not the defaults."""
    commands = [("probe", []), ("predict", ["--text", _short(data.sentences["valid"].texts[0])])] if data.sentences else []
    if data.tagged:
        commands = [("probe", []), ("predict", ["--text", _short(" ".join(data.tagged["valid"].words[0]))])]
    if (data.sentences or data.tagged) and not (config.trained and data.classes):
        commands = commands[1:]
    if data.pairs:
        commands = [("generate", ["--prompt", data.pairs["valid"].sources[0]])]
    elif config.data.reads == "text" and model_facts(config.model).reads_prompts:
        prompt = _prompt(data)
        commands = [("generate", ["--prompt", prompt, "--tokens", "40"]), ("score", ["--text", prompt])]
    return [
        *(stepladder_command([verb, cell_id, *words, *places]) for verb, words in commands),
        stepladder_command(["show", cell_id, *_runs(places)]),
    ]


def after_sweep(words: Sequence[str], name: str, places: Sequence[str]) -> list[str]:
    """To have a report, and to look at the cells. `words`: the SPEC, overrides and preset as they were given."""
    return [stepladder_command(["report", *words, *places]), stepladder_command(["runs", "--sweep", name, *_runs(places)])]


def location_options(runs: Path, data_dir: Path | None) -> list[str]:
    """The options that say where runs and data are, where they must be said again."""
    return [*(["--runs", str(runs)] if str(runs) != "runs" else []), *(["--data-dir", str(data_dir)] if data_dir else [])]


def stepladder_command(words: Sequence[str]) -> str:
    """A line for a shell."""
    return " ".join(["stepladder", *map(shell_quote, words)])


def shell_quote(word: str) -> str:
    """A word for a shell, in double quotes where they suffice."""
    shell_quoted = shlex.quote(word)
    return shell_quoted if shell_quoted == word or set(word) & {*'"$`\\!\n'} else f'"{word}"'


def _runs(places: Sequence[str]) -> list[str]:
    return [*places[: 2 if places[:1] == ["--runs"] else 0]]


def _prompt(data: Dataset) -> str:
    """The beginning of the validation text, as it is read again."""
    assert isinstance(data.valid, TextSplit)
    text = data.vocabulary.decode([int(token) for token in data.valid.stored[:LONGEST] if token != data.eos])
    return " ".join(text.split()[:WORDS])


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0]
