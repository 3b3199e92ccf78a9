"""The dock's part of the configuration file."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from followspot_dock import registry
from followspot_dock.polled.address import URL_PATTERN


def _installed(driver: str) -> str:
    if driver not in ("auto", "none", *registry.names()):
        raise ValueError("no such driver")
    return driver


class DockSettings(BaseModel):
    """`[dock]`: which dock, and how to reach it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    driver: Annotated[str, AfterValidator(_installed)] = Field(
        default="auto",
        description='"auto", "serial", "ble", "visca", "waveshare", "none", or a driver that another package installed',
    )
    """The transport; "auto" for any of `prefer`, "none" for a camera that does not move."""
    prefer: tuple[Literal["serial", "ble"], ...] = Field(default=("serial", "ble"), min_length=1, strict=False)
    """With "auto": what is tried, best first. A better one that comes back takes over between lessons."""
    port: str = ""
    """Serial device, best by its by-id link, which survives replugging; "" looks for `usb_ids`."""
    usb_ids: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")], ...] = Field(
        default=("1209:f501",), strict=False, description='a list of texts such as "1209:f501"'
    )
    """USB vendor and product ids of docks; 1209:f501 is a placeholder that is not registered for them."""
    baud: int = Field(default=115_200, ge=9_600, le=4_000_000)
    """Bits per second; ignored by USB devices."""
    address: str = Field(
        default="",
        pattern=r"^$|^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$",
        description='a text such as "C0:FF:EE:00:00:01", or empty',
    )
    """Bluetooth address of the dock; "" takes the only one in range."""
    url: str = Field(
        default="",
        pattern=URL_PATTERN,
        description="tcp://HOST:PORT, udp://HOST:PORT, udp+bare://HOST:PORT, or empty for the serial device",
    )
    """Network address of a VISCA camera; udp is VISCA over IP with its header, udp+bare is without."""
    model: Literal["ptzoptics", "sony-evi-d100"] = "ptzoptics"
    """Which VISCA camera: its units, speeds and ranges (followspot_dock.visca.models)."""

    @property
    def place(self) -> str:
        """How the file names this dock, for messages."""
        return self.port or self.address or self.url or self.driver
