"""Which run of the machine this is, and how long it lasts: the only clock that is right after a crash."""

import ctypes
import time
from pathlib import Path
from typing import Protocol

MAX_ERROR_US = 16_000_000
"""The kernel's bound of the clock's error grows to this when nobody keeps the clock right (NTP_PHASE_LIMIT)."""
BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


class _Timex(ctypes.Structure):
    """The beginning of struct timex (adjtimex(2)); `modes` 0 only reads. The rest is room for the kernel."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("maxerror_us", ctypes.c_long),
        ("rest", ctypes.c_long * 64),
    )


_LIBC = ctypes.CDLL(None, use_errno=True)


class Boot(Protocol):
    """The running kernel's identity and age."""

    def boot_id(self) -> str:
        """The same text from power-on to power-off, never again after."""
        ...

    def boottime_ns(self) -> int:
        """CLOCK_BOOTTIME in nanoseconds: goes on across processes and while the machine sleeps."""
        ...

    def clock_synced(self) -> bool:
        """Whether something keeps the wall clock right (NTP, or whoever tells the kernel so)."""
        ...


class LinuxBoot:
    """The kernel's own answers."""

    def boot_id(self) -> str:
        """Read from the kernel."""
        return BOOT_ID_FILE.read_text(encoding="ascii").strip()

    def boottime_ns(self) -> int:
        """Read from the kernel."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def clock_synced(self) -> bool:
        """As `timedatectl` judges: by the kernel's own bound of the error, not by STA_UNSYNC, which has other uses."""
        request = _Timex()
        if _LIBC.adjtimex(ctypes.byref(request)) < 0:
            return False
        return int(request.maxerror_us) < MAX_ERROR_US
