"""A V4L2 device's controls: the three ioctls and the numbers that this product needs.

Numbers and layouts: the kernel's include/uapi/linux/videodev2.h and v4l2-controls.h; meanings: the kernel's
Documentation/userspace-api/media/v4l (vidioc-queryctrl, vidioc-g-ctrl, control, ext-ctrls-camera).
"""

import errno
import fcntl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

# struct v4l2_control: id, value.
# struct v4l2_queryctrl: id, type, name, minimum, maximum, step, default_value, flags, reserved.
_CONTROL = struct.Struct("=Ii")
_QUERY = struct.Struct("=II32siiiiI8x")


def _read_write(number: int, size: int) -> int:
    """_IOWR('V', number, …) of asm-generic/ioctl.h: direction, size, type and number, as x86 and Arm have them."""
    return 3 << 30 | size << 16 | ord("V") << 8 | number


VIDIOC_G_CTRL = _read_write(27, _CONTROL.size)
VIDIOC_S_CTRL = _read_write(28, _CONTROL.size)
VIDIOC_QUERYCTRL = _read_write(36, _QUERY.size)

_FLAG_DISABLED = 0x0001
_FLAG_READ_ONLY = 0x0004


class ControlId(IntEnum):
    """V4L2_CID_…"""

    AUTO_WHITE_BALANCE = 0x0098090C
    POWER_LINE_FREQUENCY = 0x00980918
    WHITE_BALANCE_TEMPERATURE = 0x0098091A
    EXPOSURE_AUTO = 0x009A0901
    EXPOSURE_ABSOLUTE = 0x009A0902
    FOCUS_ABSOLUTE = 0x009A090A
    FOCUS_AUTO = 0x009A090C


EXPOSURE_AUTO, EXPOSURE_MANUAL, EXPOSURE_APERTURE_PRIORITY = 0, 1, 3
"""enum v4l2_exposure_auto_type. USB cameras have aperture priority as their automatic."""
EXPOSURE_UNITS_PER_MS = 10
"""EXPOSURE_ABSOLUTE counts 100 µs."""
POWER_LINE = {50: 1, 60: 2}
"""enum v4l2_power_line_frequency, by Hz."""

Ioctl = Callable[[int, int, bytearray], object]


@dataclass(frozen=True, slots=True)
class ControlRange:
    """What a control may hold, and what it holds by default."""

    least: int
    most: int
    default: int


def system_ioctl(fd: int, request: int, data: bytearray) -> object:
    """The kernel's, which changes `data`. Raises OSError."""
    return fcntl.ioctl(fd, request, data)


class ControlPort:
    """The controls of one open device. Everything else than what is said raises OSError."""

    def __init__(self, fd: int, ioctl: Ioctl = system_ioctl) -> None:
        self._fd = fd
        self._ioctl = ioctl

    def range(self, control: ControlId) -> ControlRange | None:
        """None where the device has no such control, or one that cannot be set."""
        data = bytearray(_QUERY.pack(control, 0, b"", 0, 0, 0, 0, 0))
        try:
            self._ioctl(self._fd, VIDIOC_QUERYCTRL, data)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOTTY):
                return None
            raise
        _, _, _, least, most, _, default, flags = _QUERY.unpack(data)
        if flags & (_FLAG_DISABLED | _FLAG_READ_ONLY):
            return None
        return ControlRange(least, most, default)

    def value(self, control: ControlId) -> int:
        """What the control holds."""
        data = bytearray(_CONTROL.pack(control, 0))
        self._ioctl(self._fd, VIDIOC_G_CTRL, data)
        value: int = _CONTROL.unpack(data)[1]
        return value

    def set(self, control: ControlId, value: int) -> None:
        """Make it hold `value`; some drivers take the nearest that they can."""
        self._ioctl(self._fd, VIDIOC_S_CTRL, bytearray(_CONTROL.pack(control, value)))
