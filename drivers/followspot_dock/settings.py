"""The dock's part of the configuration file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class DockSettings(BaseModel):
    """`[dock]`: which dock, and how to reach it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    driver: Literal["serial", "none"] = "serial"
    """The transport; "none" for a camera that does not move."""
    port: str = "/dev/serial/by-id/usb-Followspot_Dock-if00"
    """Serial device; give the by-id link, which survives replugging."""
    baud: int = Field(default=115_200, ge=9_600, le=4_000_000)
    """Bits per second; ignored by USB devices."""
