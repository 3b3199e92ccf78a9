"""One daemon per state directory."""

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


def test_a_state_directory_that_cannot_be(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StateUnusableError, match="cannot be written: Not a directory"), state_lock(tmp_path / "file/x"):
        pass
