"""Whole or absent."""

import errno
import os
from pathlib import Path

import pytest

from snnviz.errors import DiskFullError, ExportError
from snnviz.files import (
    LOCK,
    atomic_write,
    check_absent,
    check_free,
    locked,
    make_folder,
    remove,
    write_bytes,
)


def test_a_file_appears_whole_with_the_usual_permissions(tmp_path):
    path = tmp_path / "file"
    with atomic_write(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    plain = tmp_path / "plain"
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("error", [ValueError("bug"), OSError(28, "No space left on device")])
def test_a_failure_keeps_the_old_file_and_leaves_nothing_else(tmp_path, error):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail():
        with atomic_write(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises((ValueError, ExportError)):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("durable", [True, False])
def test_ctrl_c_leaves_no_temporary_file(durable, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(b"new", tmp_path / "file", durable=durable)
    assert not list(tmp_path.iterdir())


def test_two_processes_that_write_the_same_file_do_not_meet(tmp_path, monkeypatch):
    path = tmp_path / "file"
    rename = Path.replace

    def come_between(temporary, target):
        with monkeypatch.context() as other:
            other.setattr(Path, "replace", rename)
            other.setattr("os.getpid", lambda: -1)
            write_bytes(b"theirs", path, durable=False)
        return rename(temporary, target)

    monkeypatch.setattr(Path, "replace", come_between)
    write_bytes(b"ours", path, durable=False)
    assert path.read_bytes() == b"ours"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "free some space"), (errno.EDQUOT, "free some space"), (5, "another place")],
)
def test_the_remedy_for_a_full_disk_is_space(durable, number, remedy, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ExportError, match=remedy) as caught:
        write_bytes(b"new", tmp_path / "file", durable=durable)
    assert isinstance(caught.value, DiskFullError) == (number != 5)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(Path, "mkdir", fail)
    with pytest.raises(ExportError, match="free some space" if number != 5 else "choose another"):
        make_folder(tmp_path / "folder", argument="out_dir")


def test_folders(tmp_path):
    assert make_folder(tmp_path / "a" / "b", argument="out_dir").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot make the folder"):
        make_folder(tmp_path / "file" / "below", argument="out_dir")
    check_free(tmp_path / "missing", overwrite=False, argument="out_dir")
    check_free(tmp_path / "a" / "b", overwrite=False, argument="out_dir")
    check_free(tmp_path, overwrite=True, argument="out_dir")
    with pytest.raises(ExportError, match="not empty"):
        check_free(tmp_path, overwrite=False, argument="out_dir")
    for overwrite in (True, False):
        with pytest.raises(ExportError, match="is a file"):
            check_free(tmp_path / "file", overwrite=overwrite, argument="out_dir")


@pytest.mark.parametrize("denied", [os.W_OK, os.X_OK], ids=["write", "enter"])
def test_a_folder_that_cannot_be_written_to_is_refused(denied, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path or not mode & denied)
    assert make_folder(tmp_path / "open", argument="out_dir").is_dir()
    with pytest.raises(ExportError, match=rf"{tmp_path} is not writable; .* with `figures`"):
        make_folder(tmp_path, argument="figures")


def test_files_that_are_to_be_made(tmp_path):
    (tmp_path / "file").touch()
    check_absent(tmp_path / "missing", overwrite=False, argument="json")
    check_absent(tmp_path / "file", overwrite=True, argument="json")
    with pytest.raises(ExportError, match="file is there already; choose another with `json`"):
        check_absent(tmp_path / "file", overwrite=False, argument="json")
    for overwrite in (True, False):
        with pytest.raises(ExportError, match="is a folder"):
            check_absent(tmp_path, overwrite=overwrite, argument="json")


def test_errors_name_the_argument_that_chose_the_folder(tmp_path):
    (tmp_path / "file").touch()
    for call in (check_free, make_folder):
        arguments = {"overwrite": True} if call is check_free else {}
        with pytest.raises(ExportError, match="with `figures`"):
            call(tmp_path / "file", argument="figures", **arguments)
    with pytest.raises(ExportError, match="with `figures`, or pass"):
        check_free(tmp_path, overwrite=False, argument="figures")


def test_a_folder_is_kept_for_one_and_then_free(tmp_path):
    busy = ExportError("busy", "wait")
    for _ in range(2):
        with locked(tmp_path, busy, argument="out_dir"):
            with (
                pytest.raises(ExportError, match=r"^busy; wait$"),
                locked(tmp_path, busy, argument="out_dir"),
            ):
                pytest.fail("two have it")
            assert (tmp_path / LOCK).exists()
        assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_locked_is_named(tmp_path):
    (tmp_path / "file").touch()
    lock = locked(tmp_path / "file", ExportError("busy"), argument="out_dir")
    with pytest.raises(ExportError, match=r"cannot lock .*file: .* with `out_dir`$"), lock:
        pytest.fail("it is no folder")


def test_what_cannot_be_deleted_is_named(tmp_path):
    (tmp_path / "file").touch()
    remove(tmp_path / "file", argument="out_dir")
    remove(tmp_path / "file", argument="out_dir")
    (tmp_path / "file").touch()
    remove(tmp_path / "file" / "below", argument="out_dir")
    assert (tmp_path / "file").exists()
    (tmp_path / "folder").mkdir()
    with pytest.raises(ExportError, match=r"cannot delete .*folder: .* with `out_dir`$"):
        remove(tmp_path / "folder", argument="out_dir")
    assert (tmp_path / "folder").exists()


def test_a_lock_that_cannot_be_deleted_hides_no_error(tmp_path, monkeypatch):
    def refuse(path, **_):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    def fail():
        with locked(tmp_path, ExportError("busy"), argument="out_dir"):
            monkeypatch.setattr(Path, "unlink", refuse)
            raise ExportError("what really happened")

    with pytest.raises(ExportError, match="what really happened"):
        fail()
    with locked(tmp_path, ExportError("still held"), argument="out_dir"):
        pass


def test_what_is_no_regular_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ExportError, match="not a regular file"):
        check_absent(tmp_path / "pipe", overwrite=True, argument="json")
