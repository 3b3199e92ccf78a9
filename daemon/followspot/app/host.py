"""The computer in the box: its temperature and its supply."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.clock import Clock

PERIOD_S = 10.0
"""Heat changes slowly; a supply that is too weak stays so for longer than this."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HostReadings:
    """None where there is no such sensor."""

    temperature_c: int | None = None
    under_voltage: bool | None = None


def read_host(sys: Path) -> HostReadings:
    """Read the sensors below `sys` (/sys); may block."""
    return HostReadings(_temperature_c(sys), _under_voltage(sys))


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


class HostWatch:
    """Reads the host now and then. Lives on the loop; `read` runs on a thread, as a sensor may hang."""

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
