"""The computer in the box: its temperature, its supply, and how much room its disk has."""

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.clock import Clock
from followspot.settings.models import EncoderSettings

PERIOD_S = 10.0
"""Heat and space change slowly; a supply that is too weak stays so for longer than this."""
BITS_PER_KILOBIT = 1000
SECONDS_PER_MINUTE = 60

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HostReadings:
    """None where there is no such sensor, or the disk does not answer."""

    temperature_c: int | None = None
    under_voltage: bool | None = None
    disk_minutes_left: int | None = None


def read_host(sys: Path, media: Path, encoder: EncoderSettings) -> HostReadings:
    """Read the sensors below `sys` (/sys) and the file system of `media`; may block on a disk that hangs."""
    return HostReadings(_temperature_c(sys), _under_voltage(sys), _minutes_left(media, encoder))


def _temperature_c(sys: Path) -> int | None:
    try:
        return round(int((sys / "class/thermal/thermal_zone0/temp").read_text()) / 1000)
    except (OSError, ValueError):
        return None


def _under_voltage(sys: Path) -> bool | None:
    """The Pi's own judgement, by its kernel's rpi_volt."""
    for chip in (sys / "class/hwmon").glob("hwmon*"):
        try:
            if (chip / "name").read_text().strip() == "rpi_volt":
                return (chip / "in0_lcrit_alarm").read_text().strip() == "1"
        except OSError:
            continue
    return None


def _minutes_left(media: Path, encoder: EncoderSettings) -> int | None:
    try:
        space = os.statvfs(media)
    except OSError:
        return None
    bits_per_minute = (encoder.bitrate_kbps + encoder.audio_bitrate_kbps) * BITS_PER_KILOBIT * SECONDS_PER_MINUTE
    return space.f_bavail * space.f_frsize * 8 // bits_per_minute


class HostWatch:
    """Reads the host now and then. Lives on the loop; `read` runs on a thread, as a disk may hang."""

    def __init__(self, read: Callable[[], HostReadings], alerts: AlertRegistry, clock: Clock) -> None:
        self._read = read
        self._alerts = alerts
        self._clock = clock
        self.readings = HostReadings()

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(PERIOD_S)

    async def look(self) -> None:
        """Read once."""
        self.readings = await asyncio.to_thread(self._read)
        if self.readings.under_voltage:
            message = "the supply of the box is too weak, it may reset: use the power adapter made for it"
            self._alerts.raise_alert(AlertCode.UNDER_VOLTAGE, "supply", message, self._clock.monotonic_ns())
        else:
            self._alerts.clear(AlertCode.UNDER_VOLTAGE, "supply")
