"""`followspot fsck` on a box whose daemon is stopped, and beside one that runs."""

import asyncio
from pathlib import Path

import pytest

from followspot.app.lock import state_lock
from followspot.cli import exit_codes
from followspot.cli.main import main
from support.storagelab import LESSON, Box, make_media, record_lesson


@pytest.fixture
def box(tmp_path: Path) -> Box:
    made = Box(tmp_path)
    asyncio.run(record_lesson(made, make_media(2)))
    (tmp_path / "f.toml").write_text(
        f'[paths]\nmedia = "{made.media}"\nstate = "{tmp_path}/state"\nruntime = "{tmp_path}/run"\n'
        "[recording]\nreserve_mb = 1\n"
    )
    return made


def fsck(box: Box, *options: str) -> int:
    return main(["fsck", "--config", str(box.root / "f.toml"), *options])


def test_a_sound_box(box: Box, capsys):
    assert fsck(box) == exit_codes.OK
    assert capsys.readouterr().out == "0 findings, 0 of them lost or damaged media\n"


def test_every_file_is_read_unless_it_is_to_be_quick(box: Box, capsys):
    segment = box.lesson / "segment-00000.mp4"
    content = bytearray(segment.read_bytes())
    content[-100] ^= 1
    segment.write_bytes(content)
    assert fsck(box, "--quick") == exit_codes.OK
    assert fsck(box) == exit_codes.FAULT
    assert f"damaged: {segment} has another content" in capsys.readouterr().out


def test_a_missing_file_is_told_and_the_events_wait_for_the_daemon(box: Box, capsys):
    (box.lesson / "segment-00001.mp4").unlink()
    assert fsck(box) == exit_codes.FAULT
    assert f"missing: {box.media}/{LESSON}/segment-00001.mp4" in capsys.readouterr().out
    assert fsck(box) == exit_codes.OK, "it is on record now"


def test_it_does_not_work_beside_a_running_daemon(box: Box, capsys):
    with state_lock(box.root / "state"):
        assert fsck(box) == exit_codes.REFUSED
    assert "the daemon runs" in capsys.readouterr().err
