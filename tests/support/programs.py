"""External programs the suite uses when they are there."""

import shutil

import pytest


def require_program(name: str) -> str:
    """The path of an external program; skips with the reason where it is not installed."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path
