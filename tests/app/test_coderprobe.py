"""At start the hardware's encoder is tried in a process of its own; what comes of it decides, and is told."""

import json
import logging
import sys

import pytest

from followspot.app import coderprobe as module
from followspot.app.coderprobe import CoderProbe
from followspot.media.videocoder import VideoCoder
from followspot.settings.models import Settings

PYTHON = sys.executable
SETTINGS = Settings.model_validate({"camera": {"url": "rtsp://me:secret@camera/", "rate_hz": 25.0}})


@pytest.fixture
def devices(tmp_path):
    folder = tmp_path / "dev"
    folder.mkdir()
    (folder / "video11").touch()
    return folder


@pytest.fixture
def program(monkeypatch, tmp_path):
    """Puts a program of a few lines in the place of Python, as tests of other processes do."""

    def use(code):
        stand_in = tmp_path / "python"
        stand_in.write_text(f"#!{PYTHON}\n{code}\n")
        stand_in.chmod(0o755)
        monkeypatch.setattr(module.sys, "executable", str(stand_in))

    return use


@pytest.mark.parametrize(
    ("code", "name", "reason"),
    [
        ("print('{\"refusal\": null}')", "h264_v4l2m2m", "could be decoded"),
        ('print(\'{"refusal": "too slow"}\')', "libx264", "h264_v4l2m2m is not used: too slow"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "libx264", "broke off (SIGSEGV)"),
        ("raise SystemExit(3)", "libx264", "broke off (exit code 3)"),
        ("import time; time.sleep(60)", "libx264", "did not end within 0.5 s"),
    ],
)
async def test_the_trials_answer_decides(code, name, reason, program, devices, monkeypatch):
    program(code)
    if "sleep" in code:
        monkeypatch.setattr(module, "TIMEOUT_S", 0.5)
    coder = VideoCoder("auto")
    assert coder.chosen.name == "libx264", "a lesson that begins before the trial has ended"
    await CoderProbe(coder, SETTINGS, devices).run()
    assert coder.chosen.name == name
    assert reason in coder.chosen.reason
    assert coder.settled(SETTINGS).encoder.codec == name


async def test_the_real_process_answers_and_is_told_no_secret(devices, caplog):
    coder = VideoCoder("h264_v4l2m2m")
    with caplog.at_level(logging.WARNING):
        await CoderProbe(coder, SETTINGS, devices).run()
    assert coder.chosen.name == "libx264", "this computer has no such encoder"
    assert "could not be opened" in coder.chosen.reason
    assert "h264_v4l2m2m is not used" in caplog.text, "whoever asked for it by name is warned"
    given = SETTINGS.model_dump_json(include=module.NEEDED)
    assert "secret" not in given
    assert json.loads(given)["camera"] == {"rate_hz": 25.0}


async def test_nothing_is_started_without_a_device_or_a_wish(program, tmp_path, devices):
    program(f"open({str(tmp_path / 'started')!r}, 'w')")
    without = VideoCoder("auto")
    await CoderProbe(without, SETTINGS, tmp_path).run()
    assert "there is no" in without.chosen.reason
    unwanted = VideoCoder("libx264")
    await CoderProbe(unwanted, SETTINGS, devices).run()
    assert unwanted.chosen.reason == "as encoder.codec says"
    assert not (tmp_path / "started").exists()


def test_an_encoder_that_fails_in_a_lesson_is_not_taken_again():
    coder = VideoCoder("auto")
    coder.failed("the disk")
    coder.tried(None)
    assert coder.chosen.name == "h264_v4l2m2m", "libx264 is not blamed"
    coder.failed("no memory")
    assert coder.chosen.name == "libx264"
    assert "no memory" in coder.chosen.reason
    coder.tried(None)
    assert coder.chosen.name == "libx264"
