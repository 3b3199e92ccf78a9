"""External programs the suite uses when they are there."""

import os
import shutil

import pytest


def require_program(name: str) -> str:
    """The path of an external program; skips with the reason where it is not installed."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None and os.environ.get("CI"):
        pytest.fail(f"{name} is not installed, and in CI nothing may be skipped for that")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path
