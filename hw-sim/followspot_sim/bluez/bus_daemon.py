"""A private system bus: Debian's dbus-daemon on a unix socket of our own."""

import asyncio
import contextlib
from pathlib import Path

from followspot_sim.errors import SimulatorError

_CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
_START_S = 10.0
"""Generous: it takes some milliseconds on a quiet machine."""


class BusDaemon:
    """A dbus-daemon in `folder` from `start` to `close`; `address` is for DBUS_SYSTEM_BUS_ADDRESS."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "bus.sock"
        self._configuration = folder / "bus.conf"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        """Where the bus listens."""
        return f"unix:path={self._socket}"

    async def start(self) -> None:
        """Return when clients can connect. Raises SimulatorError where there is no dbus-daemon or it does not start."""
        self._socket.unlink(missing_ok=True)
        self._configuration.write_text(_CONFIGURATION.format(socket=self._socket), encoding="utf-8")
        arguments = [f"--config-file={self._configuration}", "--nofork", "--nopidfile", "--print-address"]
        try:
            self._process = await asyncio.create_subprocess_exec(
                "dbus-daemon", *arguments, stdout=asyncio.subprocess.PIPE
            )
        except FileNotFoundError as error:
            raise SimulatorError("no dbus-daemon on PATH: install the Debian package dbus") from error
        assert self._process.stdout is not None
        async with asyncio.timeout(_START_S):  # noqa: TID251  # this task is not being cancelled here
            if not await self._process.stdout.readline():
                raise SimulatorError("dbus-daemon did not start: see its message above")

    async def close(self) -> None:
        """End the daemon; every client's connection breaks."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        await self._process.wait()
        self._process = None
        for path in (self._socket, self._configuration):
            path.unlink(missing_ok=True)
