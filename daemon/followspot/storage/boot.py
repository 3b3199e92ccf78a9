"""Which run of the machine this is, and how long it lasts: the only clock that is right after a crash."""

import time
from pathlib import Path
from typing import Protocol

BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


class Boot(Protocol):
    """The running kernel's identity and age."""

    def boot_id(self) -> str:
        """The same text from power-on to power-off, never again after."""
        ...

    def boottime_ns(self) -> int:
        """CLOCK_BOOTTIME in nanoseconds: goes on across processes and while the machine sleeps."""
        ...


class LinuxBoot:
    """The kernel's own answers."""

    def boot_id(self) -> str:
        """Read from the kernel."""
        return BOOT_ID_FILE.read_text(encoding="ascii").strip()

    def boottime_ns(self) -> int:
        """Read from the kernel."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
