"""`followspot-sim` as a program."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import cv2
import pytest

from followspot_sim.control import ControlError, control_request

SIM = [sys.executable, "-m", "followspot_sim.cli"]


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `followspot-sim run` and waits until it is ready; what still runs at the end is killed."""
    with ExitStack() as stack:

        def start_one(folder: Path, *options: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [*SIM, "run", "--dir", str(folder), "--size", "320x180", *options],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            return process

        yield start_one


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_classroom_opens_and_leaves_no_socket_or_link(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "room"
    process = start(folder)
    endpoints = json.loads((folder / "endpoints.json").read_text())
    control = Path(endpoints["control"])
    assert set(endpoints) == {
        *("camera", "microphone", "dock", "gpio", "control"),
        *("width", "height", "rate_hz", "hfov_deg"),
    }
    assert Path(endpoints["dock"]).resolve().is_char_device()
    for device in ("camera", "microphone", "dock"):
        assert control_request(control, do="unplug", device=device) == {"ok": True}
        assert control_request(control, do="replug", device=device) == {"ok": True}
    assert control_request(control, do="press", button="marker", press="short") == {"ok": True}
    assert control_request(control, do="press", button="panel") == {"ok": True}
    assert control_request(control, do="silence-marker", seconds=1) == {"ok": True}
    assert control_request(control, do="lamp") == {"panel": False, "marker": False}
    with pytest.raises(ControlError, match="no device projector"):
        control_request(control, do="unplug", device="projector")
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    left = {path.name for path in folder.rglob("*") if not path.is_dir()}
    assert left == {"truth.jsonl", "marker.jsonl", "claps.jsonl"}


def test_without_dock_and_microphone(start: Start, tmp_path: Path) -> None:
    process = start(tmp_path, "--no-dock", "--no-microphone")
    endpoints = json.loads((tmp_path / "endpoints.json").read_text())
    assert not {"dock", "microphone"} & set(endpoints)
    with pytest.raises(ControlError, match="--no-dock"):
        control_request(Path(endpoints["control"]), do="press", button="marker")
    process.terminate()
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--data", "/nowhere"], "data folder /nowhere"),
        (["--scenario", "nothing"], "no scenario nothing"),
        (["--size", "big"], "no size such as 1280x720"),
        (["--clap-every", "0.1"], "half a second or more"),
    ],
)
def test_what_the_user_must_mend_ends_with_2_and_plain_words(tmp_path: Path, options: list[str], said: str) -> None:
    done = subprocess.run([*SIM, "run", "--dir", str(tmp_path), *options], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_look_writes_a_picture(tmp_path: Path) -> None:
    file = tmp_path / "look.png"
    subprocess.run([*SIM, "look", "--out", str(file), "--size", "640x360", "--at", "3"], check=True, timeout=30)
    picture = cv2.imread(str(file))
    assert picture is not None
    assert picture.shape == (360, 640, 3)
