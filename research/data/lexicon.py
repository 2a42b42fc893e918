"""The lexicon of a rule-based classifier: of the pinned dataset, or a file of the user's own."""

from pathlib import Path

from research.config.errors import StepladderError
from research.config.rules import Rules
from research.data.download import sha256
from research.data.registry import read
from research.data.vader import read_lexicon_text


def lexicon_text(config: Rules, data_dir: Path | None) -> str:
    """Lines of `word<TAB>valence`. Raises StepladderError for a path that is no UTF-8 file."""
    if config.lexicon == "vader":
        (archive,) = read("vader", data_dir).values()
        return read_lexicon_text(archive)
    places = [Path(config.lexicon), *([data_dir / config.lexicon] if data_dir else [])]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise StepladderError(
            f"model.lexicon = {config.lexicon!r} is no file (looked for {' and '.join(map(str, places))}). It is `vader`, or the path of a "
            "text file of `word<TAB>valence` lines."
        )
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise StepladderError(f"{path} is not UTF-8 (byte {error.start}). Convert it first, for instance with `iconv -t utf-8`.") from error


def lexicon_digest(config: Rules, data_dir: Path | None) -> str:
    """What identifies a lexicon of the user's own; the pinned one needs no file."""
    return "" if config.lexicon == "vader" else sha256(lexicon_text(config, data_dir).encode())
