"""At start: try the hardware's encoder, in a process of its own: a driver that crashes or hangs harms no lesson.

`python -m followspot.app.coderprobe SETTINGS` is that process. It prints one line of JSON: {"refusal": null or a text}.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path

from followspot.app.clock import SystemClock
from followspot.media.codertrial import what_is_wrong
from followspot.media.videocoder import VideoCoder
from followspot.settings.models import Settings

TIMEOUT_S = 20.0
"""Two seconds of media and Python's start; a slow card and a busy processor beside it. Lessons do not wait for it."""
LOWEST_PRIORITY = 19
DEVICES = Path("/dev")
CODER = "h264_v4l2m2m"
NEEDED: dict[str, bool | set[str]] = {"encoder": True, "view": True, "recording": True, "camera": {"rate_hz"}}
"""What the trial must know. Addresses may hold passwords, and others may read a process's arguments."""

_log = logging.getLogger(__name__)


class CoderProbe:
    """Once after each start, unless encoder.codec is libx264. A lesson that begins before it ends has libx264."""

    def __init__(self, coder: VideoCoder, settings: Settings, devices: Path = DEVICES) -> None:
        """`devices`: the folder of the system's devices."""
        self._coder = coder
        self._settings = settings
        self._devices = devices

    async def run(self) -> None:
        """Try it, if there is a device that it could be."""
        if not self._coder.is_open:
            return
        if not any(self._devices.glob("video*")):
            self._coder.tried(f"there is no {self._devices}/video*")
            return
        self._coder.tried(await self._ask_process())

    async def _ask_process(self) -> str | None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "followspot.app.coderprobe", self._settings.model_dump_json(include=NEEDED)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        answering = asyncio.create_task(process.communicate(), name="encoder-probe-answer")
        try:
            await asyncio.wait({answering}, timeout=TIMEOUT_S)
            timed_out = not answering.done()
        finally:
            if process.returncode is None:
                process.kill()
            await asyncio.wait({answering})
        if timed_out:
            return f"its trial did not end within {TIMEOUT_S:g} s"
        if process.returncode != 0:
            return f"its trial broke off ({_how(process.returncode or 0)}). See the journal"
        refusal: str | None = json.loads(answering.result()[0])["refusal"]
        return refusal


def _how(returncode: int) -> str:
    return signal.Signals(-returncode).name if returncode < 0 else f"exit code {returncode}"


def main() -> int:
    """Try the encoder with the settings that are the first argument."""
    os.nice(LOWEST_PRIORITY)
    settings = Settings.model_validate_json(sys.argv[1])
    print(json.dumps({"refusal": what_is_wrong(CODER, settings, SystemClock())}))  # noqa: T201 - the answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
