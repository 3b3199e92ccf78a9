"""A camera that is missing is told of before a lesson is started, without opening it."""

import asyncio
import socket
from types import SimpleNamespace

import pytest

from followspot.app import lookout as module
from followspot.app.lookout import CameraLookout, what_is_missing
from followspot.control.session import SessionStatus
from followspot.domain.alerts import AlertCode
from followspot.domain.session import SessionState


@pytest.fixture(autouse=True)
def _fast(monkeypatch):
    monkeypatch.setattr(module, "PERIOD_S", 0.01)


class Lookout:
    """Runs one beside a test."""

    def __init__(self, url, alerts, clock, state=SessionState.IDLE):
        self.session = SimpleNamespace(status=SessionStatus(state))
        self._task = asyncio.create_task(CameraLookout(url, self.session, alerts, clock).run())

    async def __aenter__(self):
        await asyncio.sleep(0.05)
        return self

    async def __aexit__(self, *_):
        assert not self._task.done()
        self._task.cancel()
        await asyncio.wait([self._task])


async def test_a_device_that_is_pulled_out_and_comes_back(tmp_path, alerts, clock):
    device = tmp_path / "video0"
    async with Lookout(str(device), alerts, clock):
        (alert,) = alerts.active
        assert (alert.code, alert.subject) == (AlertCode.CAMERA_UNAVAILABLE, str(device))
        assert "no such device" in alert.message
        device.touch()
        await asyncio.sleep(0.05)
        assert not alerts.active


@pytest.mark.parametrize("state", [SessionState.STARTING, SessionState.RECORDING, SessionState.STOPPING])
async def test_a_lesson_is_left_to_the_recorder(state, alerts, clock):
    async with Lookout("/nowhere/video0", alerts, clock, state):
        assert not alerts.active


async def test_a_fault_of_the_recording_is_not_cleared(tmp_path, alerts, clock):
    alerts.raise_alert(AlertCode.CAMERA_UNAVAILABLE, str(tmp_path), "gave nothing for 0.5 s", 0)
    async with Lookout(str(tmp_path), alerts, clock):
        assert alerts.is_active(AlertCode.CAMERA_UNAVAILABLE, str(tmp_path))


async def test_network_cameras_are_asked_for_a_connection_and_no_more():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert await what_is_missing(f"rtsp://teacher:se:cr/et@127.0.0.1:{port}/stream") is None
        assert await what_is_missing(f"rtsp://127.0.0.1:{port}/stream") is None
    assert "connection refused" in await what_is_missing(f"rtsp://127.0.0.1:{port}/stream")


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:9", "udp://127.0.0.1:9", "video=lab", "rtsp://[x", "http://"])
async def test_what_would_begin_a_stream_or_cannot_be_judged_is_not_tried(url):
    assert await what_is_missing(url) is None


async def test_the_alert_keeps_the_password(alerts, clock):
    async with Lookout("http://teacher:secret@127.0.0.1:1/stream", alerts, clock):
        (alert,) = alerts.active
    assert "secret" not in alert.message + alert.subject
