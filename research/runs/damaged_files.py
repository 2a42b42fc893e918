"""What is said of a file of a runs folder that cannot be read as what it is, and what the plain command does about it."""

from pathlib import Path

from research.config.errors import DamagedFileError

SCORED = "`stepladder train` or `sweep` with the words of the run moves it aside and scores its test split again."
REMEDIES = {  # of a file of a runs folder, by its name
    "result.json": "`stepladder train` or `sweep` with the words of the run moves it aside and trains the run again.",
    **dict.fromkeys(("test.json", "items.npz", "test_tokens.npz", "prompts.npz", "texts.jsonl", "attention.npz"), SCORED),
    "status.json": "What became of the run is told from its other files; `stepladder train` or `sweep` goes on from them.",
    "metrics.jsonl": "A run that is not done keeps the lines before it when it goes on; one that is done keeps its numbers.",
    "env.json": "It says what made the run, and no number comes from it: bring it back from a copy, or leave it.",
    "checksums.json": "Bring it back from a copy, or delete it: then nothing is compared.",
    **dict.fromkeys(
        ("config.toml", "cell.json", "vocabulary.json"), "`stepladder train` or `sweep` with the words of the cell writes it anew."
    ),
    "tokens.npz": "Bring it back from a copy, or do the run again with --rerun CELL_ID.",
}
MANIFEST = "The command that launched the sweep writes it anew, or bring it back from a copy."
OTHERS = "Bring it back from a copy, or delete it and give the command again that wrote it."
MODEL = "Bring it back from a copy, or do the run again with --rerun CELL_ID."


def damaged_file(path: Path, problem: str) -> DamagedFileError:
    """The error of a file with that problem, whose words follow its path."""
    name = Path(path).name
    is_model = name == "model.npz" or name.startswith("class_")
    is_manifest = Path(path).parent.name == "sweeps" and name.endswith(".json")
    return DamagedFileError(Path(path), problem, MODEL if is_model else MANIFEST if is_manifest else REMEDIES.get(name, OTHERS))


def unreadable_file(path: Path, error: OSError) -> DamagedFileError:
    """The error of a file that cannot be opened: a folder is in its place, or it may not be read."""
    return damaged_file(path, f"cannot be opened: {error.strerror or error}")
