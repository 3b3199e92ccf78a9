"""Between lessons: whether the camera is there at all, without opening it, so that its light stays off."""

import asyncio
import os
from urllib.parse import urlsplit

from followspot.control.session import SessionLoop
from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.clock import Clock
from followspot.domain.redact import redacted
from followspot.domain.session import SessionState
from followspot_dock.waiting import within

PERIOD_S = 15.0
"""A camera that was pulled out in the break is told of before the next lesson."""
CONNECT_TIMEOUT_S = 3.0
"""A camera in the same building answers within a fraction of it."""

SERVED_AT = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
"""Protocols that begin a picture only when they are asked for it, with their usual ports."""


async def what_is_missing(url: str) -> str | None:
    """Why the camera at `url` cannot be there; None where it may be: addresses of other kinds are not tried."""
    if url.startswith("/"):
        return None if os.path.exists(url) else "there is no such device or file"
    try:
        address = urlsplit(url)
        host, port = address.hostname, address.port or SERVED_AT.get(address.scheme)
    except ValueError:  # a password with a bracket or a colon in it: nobody can tell the host
        return None
    if address.scheme not in SERVED_AT or not host or not port:
        return None
    try:
        await within(CONNECT_TIMEOUT_S, _connect(host, port))
    except TimeoutError:
        return f"it does not answer within {CONNECT_TIMEOUT_S:g} s"
    except OSError as error:
        return os.strerror(error.errno).lower() if error.errno and error.errno > 0 else str(error)
    return None


async def _connect(host: str, port: int) -> None:
    _, writer = await asyncio.open_connection(host, port)
    writer.close()


class CameraLookout:
    """Raises the camera's alert while no lesson is on.

    It clears only what it raised itself: a fault that was seen while recording heals by recording.
    """

    def __init__(self, url: str, session: SessionLoop, alerts: AlertRegistry, clock: Clock) -> None:
        self._url = url
        self._shown = redacted(url)
        self._session = session
        self._alerts = alerts
        self._clock = clock
        self._raised = False

    async def run(self) -> None:
        """Look now and then until cancelled."""
        while True:
            if self._is_idle:
                await self._look()
            await asyncio.sleep(PERIOD_S)

    @property
    def _is_idle(self) -> bool:
        return self._session.status.state is SessionState.IDLE

    async def _look(self) -> None:
        reason = await what_is_missing(self._url)
        if not self._is_idle:
            return  # the recorder knows better
        if reason is None:
            if self._raised:
                self._alerts.clear(AlertCode.CAMERA_UNAVAILABLE, self._shown)
            self._raised = False
        elif not self._alerts.is_active(AlertCode.CAMERA_UNAVAILABLE, self._shown):
            message = (
                f"camera {self._shown}: {reason}, so that no lesson could be recorded now. "
                "Check the cable and power, and [camera] url in the configuration"
            )
            self._alerts.raise_alert(AlertCode.CAMERA_UNAVAILABLE, self._shown, message, self._clock.monotonic_ns())
            self._raised = True
