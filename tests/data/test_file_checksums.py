"""A checksum is computed once for a file that is not touched, and never believed of one that may have been."""

import gzip
import hashlib
import os

import pytest

from research.config.errors import StepladderError
from research.data import file_checksums
from research.data.file_checksums import content_checksum, remembered_checksum


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPLADDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(file_checksums, "LARGE", 0)
    monkeypatch.setattr(file_checksums, "AT_REST", -1e9)  # every file is at rest
    (tmp_path / "file").write_bytes(b"one")
    return tmp_path / "file"


def expected(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def unread(monkeypatch):
    monkeypatch.setattr(file_checksums, "sha256_of", lambda path: pytest.fail("it is read again"))


def test_a_file_at_rest_is_read_once(path, monkeypatch):
    checksum = remembered_checksum(path)
    assert checksum == expected(path)
    unread(monkeypatch)
    assert remembered_checksum(path) == checksum
    assert remembered_checksum(path.parent / "." / "file") == checksum


def touched(path):
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def of_the_same_time(path):
    stat = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def longer(path):
    path.write_bytes(b"three")


def replaced(path):
    (path.parent / "other").write_bytes(b"six")
    os.replace(path.parent / "other", path)


@pytest.mark.parametrize("change", [touched, of_the_same_time, longer, replaced])
def test_a_file_that_was_touched_is_read_again(path, change):
    remembered_checksum(path)
    change(path)
    assert remembered_checksum(path) == expected(path)


def test_a_file_that_has_just_changed_is_not_remembered(path, monkeypatch):
    """Its next change may be within the clock's resolution, which no time of the file would show."""
    monkeypatch.setattr(file_checksums, "AT_REST", 2.0)
    remembered_checksum(path)
    assert not (path.parent / "cache").exists()
    monkeypatch.setattr(file_checksums.time, "time", lambda: path.stat().st_ctime + 2.1)
    remembered_checksum(path)
    unread(monkeypatch)
    remembered_checksum(path)


def test_a_file_that_changes_while_it_is_read_is_not_remembered(path, monkeypatch):
    def change(path):
        path.write_bytes(b"longer")
        return "of neither"

    with monkeypatch.context() as patch:
        patch.setattr(file_checksums, "sha256_of", change)
        remembered_checksum(path)
    assert remembered_checksum(path) == expected(path)


def test_a_note_that_is_damaged_or_cannot_be_written_does_no_harm(path):
    remembered_checksum(path)
    (note,) = (path.parent / "cache" / "checksums").iterdir()
    note.write_bytes(note.read_bytes()[:-3])
    assert remembered_checksum(path) == expected(path)
    note.unlink()
    note.parent.rmdir()
    note.parent.write_text("no folder")
    assert remembered_checksum(path) == expected(path)


def test_what_is_packed_is_unpacked_once(path, monkeypatch):
    packed = path.with_name("file.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert content_checksum(packed, "mine") == content_checksum(path, "mine") == expected(path)
    assert remembered_checksum(packed) == expected(packed)
    unread(monkeypatch)
    monkeypatch.setattr(file_checksums, "content_chunks", lambda *_: pytest.fail("it is unpacked again"))
    assert content_checksum(packed, "mine") == expected(path)
    assert remembered_checksum(packed) == expected(packed)


def test_a_file_that_cannot_be_read_is_told(path):
    with pytest.raises(StepladderError, match=r"^mine cannot be read: No such file"):
        content_checksum(path.with_name("none"), "mine")


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_a_name_need_not_be_unicode(path):
    other = path.with_name(os.fsdecode(b"caf\xe9"))
    path.rename(other)
    assert remembered_checksum(other) == remembered_checksum(other) == expected(other)


def test_a_small_file_is_read(path, monkeypatch):
    monkeypatch.setattr(file_checksums, "LARGE", 100)
    assert remembered_checksum(path) == expected(path)
    assert not (path.parent / "cache").exists()
