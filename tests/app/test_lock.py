"""One daemon per state directory."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from followspot.app.lock import AlreadyRunningError, StateUnusableError, state_lock


def test_the_second_is_told_who_is_first(tmp_path: Path):
    with (
        state_lock(tmp_path / "state"),
        pytest.raises(AlreadyRunningError, match=f"process {os.getpid()}.*stop it first"),
        state_lock(tmp_path / "state"),
    ):
        pass


def test_it_is_free_again_afterwards(tmp_path: Path):
    for _ in range(2):
        with state_lock(tmp_path):
            pass


def test_what_a_dead_daemon_left_does_not_matter(tmp_path: Path):
    (tmp_path / "daemon.lock").write_text("99999999\n")
    with state_lock(tmp_path):
        assert (tmp_path / "daemon.lock").read_text() == f"{os.getpid()}\n"


def test_a_full_disk_does_not_keep_the_daemon_from_starting(tmp_path: Path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with state_lock(tmp_path), pytest.raises(AlreadyRunningError, match="process unknown"), state_lock(tmp_path):
        pass


def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(StateUnusableError, match="cannot be locked: No locks available"), state_lock(tmp_path):
        pass


def test_a_state_directory_that_cannot_be(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StateUnusableError, match="cannot be written: Not a directory"), state_lock(tmp_path / "file/x"):
        pass
