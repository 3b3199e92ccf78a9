"""The stage for the scenarios."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from followspot_sim.stage import Stage, StageOptions
from support.contract import check_messages
from support.programs import require_program

SMALL_PICTURE = ("--size", "640x360", "--rate", "15")
"""Faults need no large picture; a small one leaves the machine to the timing."""
SMALL_VIEW = {"view": {"width": 640, "height": 360}, "encoder": {"bitrate_kbps": 600}}


StageFactory = Callable[..., Stage]


@pytest.fixture
def make_stage(tmp_path: Path, mosquitto: str) -> Iterator[StageFactory]:
    """Builds stages that are closed after the test; nothing on them is started yet."""
    assert mosquitto
    stages: list[Stage] = []

    def make(*simulator_arguments: str, small: bool = True, **options: Any) -> Stage:
        tables: dict[str, dict[str, object]] = {k: dict(v) for k, v in SMALL_VIEW.items()} if small else {}
        for table, keys in options.pop("tables", {}).items():
            tables.setdefault(table, {}).update(keys)
        arguments = [*(SMALL_PICTURE if small else ()), *simulator_arguments]
        folder = tmp_path / f"stage{len(stages)}"
        stage = Stage(StageOptions(folder, arguments, tables=tables, **{"segment_s": 2.0, **options}))
        stages.append(stage)
        return stage.__enter__()

    yield make
    for stage in stages:
        stage.close()
    for stage in stages:
        check_messages((message.topic, message.payload) for message in stage.listener.messages())


@pytest.fixture
def stage(make_stage: StageFactory) -> Stage:
    """A small stage with everything running."""
    stage = make_stage()
    stage.start()
    return stage


@pytest.fixture
def private_tmpfs() -> Callable[[Path, str], list[str]]:
    """A command prefix that runs a program with a small file system of its own over a folder; needs no root."""
    unshare = require_program("unshare")
    if subprocess.run([unshare, "-rm", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this kernel refuses user namespaces: a small file system cannot be mounted by an ordinary user")

    def prefix(folder: Path, size: str) -> list[str]:
        folder.mkdir(parents=True, exist_ok=True)
        mount = f'mount -t tmpfs -o size={size} tmpfs "$0" && exec "$@"'
        return [unshare, "-rm", "sh", "-c", mount, str(folder)]

    return prefix
