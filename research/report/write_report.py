"""The files of a report: one of each format that is asked for, the figures, what was chosen, and all of it as JSON."""

import json
from collections.abc import Sequence
from pathlib import Path

from research.report.formats.registry import DEFAULT_FORMATS, RENDERERS, Target, check_formats
from research.report.pictures import Picture
from research.report.report_value import Report
from research.runs.store import read_json, write_bytes, write_text

SUMMARY = "json"  # written with every report: it says whose the folder is, and which files are


def write_report(report: Report, out_dir: Path, formats: Sequence[str] = DEFAULT_FORMATS) -> dict[str, Path]:
    """Write the report and return its files by name; report.json is always one. The same report gives the same bytes.

    Figures are written where a format that shows them is asked for. What an earlier report left in the folder goes. Raises
    StepladderError for a format that is not there.
    """
    check_formats(formats)
    renderers = [RENDERERS[name] for name in dict.fromkeys((*formats, SUMMARY))]
    pictures = report.all_pictures if any(renderer.figures for renderer in renderers) else ()
    contents = {} if report.choices is None else {"choices.json": _json_text(report.choices)}
    binaries = {name: content for picture in pictures for name, content in _picture_files(picture).items()}
    names = tuple(sorted([*(renderer.file for renderer in renderers), *contents, *binaries]))
    target = Target(Path(out_dir), names)
    contents |= {renderer.file: renderer.render(report, target) for renderer in renderers}
    _remove_stale_files(target)
    for name, text in contents.items():
        write_text(target.folder / name, text)
    for name, content in binaries.items():
        write_bytes(target.folder / name, content)
    return {name: target.folder / name for name in names}


def _json_text(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _picture_files(picture: Picture) -> dict[str, bytes]:
    drawn = picture.drawn
    return {f"figures/{picture.name}.{end}": content for end, content in zip(("svg", "png", "pdf"), _as_bytes(*drawn), strict=True)}


def _as_bytes(svg: str, *binaries: bytes) -> tuple[bytes, ...]:
    return svg.encode("utf-8"), *binaries


def _remove_stale_files(target: Target) -> None:
    """What an earlier report wrote here and this one does not is another sweep's figure, or a format that is out of date."""
    earlier_names = (read_json(target.folder / "report.json") or {}).get("files", [])
    for name in {*earlier_names} - {*target.files}:
        if (target.folder / name).resolve().is_relative_to(target.folder.resolve()):
            (target.folder / name).unlink(missing_ok=True)
