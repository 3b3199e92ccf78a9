"""The fault vocabulary: what can go wrong with a dock, as data.

The same words serve in a scenario's `[[fault]]`, in a request to the control socket, and in tests.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

Seconds = Annotated[float, Field(gt=0, le=3600)]
Share = Annotated[float, Field(gt=0, le=1)]
Direction = Literal["to-host", "to-dock", "both"]


class Fault(BaseModel):
    """One fault; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WireFault(Fault):
    """Something wrong between firmware and cable for some `seconds`; a unit is a frame, or a BLE value."""

    seconds: Seconds = 5.0
    direction: Direction = "both"


class Drop(WireFault):
    """This share of the units is lost."""

    kind: Literal["drop"] = "drop"
    share: Share = 0.2


class Corrupt(WireFault):
    """In this share of the units one bit is turned over."""

    kind: Literal["corrupt"] = "corrupt"
    share: Share = 0.2


class Delay(WireFault):
    """Every unit comes late, by up to `jitter_ms` more than `ms`; their order stays."""

    kind: Literal["delay"] = "delay"
    ms: float = Field(default=100.0, ge=0, le=10_000)
    jitter_ms: float = Field(default=0.0, ge=0, le=10_000)


class Duplicate(WireFault):
    """This share of the units comes twice."""

    kind: Literal["duplicate"] = "duplicate"
    share: Share = 0.2


class Reorder(WireFault):
    """This share of the units comes after the one behind it."""

    kind: Literal["reorder"] = "reorder"
    share: Share = 0.2


class Flood(Fault):
    """The dock babbles: so many units of noise a second, besides what it has to say."""

    kind: Literal["flood"] = "flood"
    seconds: Seconds = 5.0
    units_per_s: float = Field(default=2000.0, gt=0, le=20_000)


class Freeze(Fault):
    """The firmware hangs: nothing is heard or sent; motion ends with its time to live."""

    kind: Literal["freeze"] = "freeze"
    seconds: Seconds = 2.0


class Reboot(Fault):
    """The dock restarts, and is away for so long."""

    kind: Literal["reboot"] = "reboot"
    seconds: Seconds = 0.5


class BrownOut(Fault):
    """The motors pull the supply down: the dock restarts, and tells the fault afterwards."""

    kind: Literal["brown-out"] = "brown-out"
    seconds: Seconds = 0.5


class Stall(Fault):
    """Something holds a motor: it stands, the dock tells so, and refuses to move until the fault is cleared."""

    kind: Literal["stall"] = "stall"
    axis: Literal["pan", "tilt"] = "pan"
    seconds: Seconds = 3.0


class OverCurrent(Fault):
    """A motor draws too much: the dock tells so, and refuses to move until the fault is cleared."""

    kind: Literal["over-current"] = "over-current"
    axis: Literal["pan", "tilt"] = "pan"


class EndStop(Fault):
    """An axis runs into its end stop: the dock tells so and brakes, and may be driven back."""

    kind: Literal["end-stop"] = "end-stop"
    axis: Literal["pan", "tilt"] = "pan"


class Lie(Fault):
    """The encoders are wrong by so much: the dock tells another position than it has."""

    kind: Literal["lie"] = "lie"
    seconds: Seconds = 5.0
    pan_deg: float = Field(default=10.0, ge=-180, le=180)
    tilt_deg: float = Field(default=0.0, ge=-180, le=180)


class Unplug(Fault):
    """The cable is pulled, which also feeds the dock, and put back after `seconds`, under another `name` if given.

    Without `seconds` it stays out until `replug`.
    """

    kind: Literal["unplug"] = "unplug"
    seconds: Seconds | None = None
    name: str = Field(default="", pattern=r"^[\w.:-]*$", max_length=100)


class LowBattery(Fault):
    """The battery of the dock, or of a marker, is down to so much."""

    kind: Literal["low-battery"] = "low-battery"
    of: Literal["dock", "marker"] = "marker"
    percent: int = Field(default=5, ge=0, le=100)
    marker_id: int = Field(default=1, ge=1, le=0xFFFF)


class WrongVersion(Fault):
    """The dock restarts with firmware of another protocol version, for so long."""

    kind: Literal["wrong-version"] = "wrong-version"
    seconds: Seconds = 5.0
    version: int = Field(default=2, ge=0, le=255)


class BleAbort(Fault):
    """The next connections fail while they are established."""

    kind: Literal["ble-abort"] = "ble-abort"
    count: int = Field(default=1, ge=1, le=100)


class BleDrop(Fault):
    """The connection breaks, as by walking out of range."""

    kind: Literal["ble-drop"] = "ble-drop"


class BleHang(Fault):
    """Nobody answers a request to connect."""

    kind: Literal["ble-hang"] = "ble-hang"
    seconds: Seconds = 5.0


class BleAttError(Fault):
    """The next write or subscription is answered with this error of the attribute protocol."""

    kind: Literal["ble-att-error"] = "ble-att-error"
    code: int = Field(default=0x0E, ge=1, le=255)


class BleLostEvents(Fault):
    """No connection event gets through, as in a burst of Wi-Fi."""

    kind: Literal["ble-lost-events"] = "ble-lost-events"
    seconds: Seconds = 0.3


class BleAdapterOff(Fault):
    """The adapter is switched off, or pulled out."""

    kind: Literal["ble-adapter-off"] = "ble-adapter-off"
    seconds: Seconds = 5.0
    pulled: bool = False


class BleDaemonDeath(Fault):
    """bluetoothd is killed, and started again after so long."""

    kind: Literal["ble-daemon-death"] = "ble-daemon-death"
    seconds: Seconds = 2.0


OnWire = Drop | Corrupt | Delay | Duplicate | Reorder
OnDock = Flood | Freeze | Reboot | BrownOut | Stall | OverCurrent | EndStop | Lie | Unplug | LowBattery | WrongVersion
OnBluetooth = BleAbort | BleDrop | BleHang | BleAttError | BleLostEvents | BleAdapterOff | BleDaemonDeath
AnyFault = Annotated[OnWire | OnDock | OnBluetooth, Field(discriminator="kind")]

_ADAPTER: TypeAdapter[OnWire | OnDock | OnBluetooth] = TypeAdapter(AnyFault)


class TimedFault(BaseModel):
    """`[[fault]]`: a fault `at_s` after the beginning; its own keys stand beside `at_s` and `kind`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_s: float = Field(ge=0, le=86_400)
    fault: AnyFault

    @model_validator(mode="before")
    @classmethod
    def _one_table(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or "fault" in value:
            return value
        rest = {key: item for key, item in value.items() if key != "at_s"}
        return {**{key: value[key] for key in ("at_s",) if key in value}, "fault": rest}


def parse(words: Mapping[str, object]) -> OnWire | OnDock | OnBluetooth:
    """The fault of a table with its `kind`. Raises ValueError that says in plain words what is wrong."""
    try:
        return _ADAPTER.validate_python(dict(words))
    except ValidationError as error:
        problems = "; ".join(_explain(problem) for problem in error.errors(include_url=False))
        raise ValueError(problems) from error


def _explain(problem: Any) -> str:
    if problem["type"] == "extra_forbidden":
        return f"{problem['loc'][-1]}: unknown key"
    place = f"{problem['loc'][-1]}: " if len(problem["loc"]) > 1 else ""
    return f"{place}{problem['msg']}"
