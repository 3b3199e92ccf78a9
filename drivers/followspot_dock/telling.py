"""From the wire's messages to the port's events."""

from collections.abc import Callable

from followspot_dock import port
from followspot_dock.protocol import codes, messages

HostTime = Callable[[int], int]
"""From the dock's microseconds to ours in nanoseconds."""

_MAX_ANGLE_DEG = 360.0
_ROLES: dict[int, port.MarkerRole] = {
    codes.MarkerRole.PRIMARY: port.MarkerRole.PRIMARY,
    codes.MarkerRole.SECONDARY: port.MarkerRole.SECONDARY,
}
_PRESSES: dict[int, port.ButtonPress] = {
    codes.Press.SHORT: port.ButtonPress.SHORT,
    codes.Press.DOUBLE: port.ButtonPress.DOUBLE,
    codes.Press.LONG: port.ButtonPress.LONG,
}
_SOURCES: dict[int, port.PowerSource] = {
    codes.PowerSource.BATTERY: port.PowerSource.BATTERY,
    codes.PowerSource.USB: port.PowerSource.USB,
    codes.PowerSource.MAINS: port.PowerSource.MAINS,
}
_FAULTS: dict[int, port.FaultKind] = {
    codes.FaultCode.STALL: port.FaultKind.STALL,
    codes.FaultCode.OVER_CURRENT: port.FaultKind.OVER_CURRENT,
    codes.FaultCode.BROWN_OUT: port.FaultKind.BROWN_OUT,
    codes.FaultCode.END_STOP: port.FaultKind.END_STOP,
}
_AXES: dict[int, port.Axis] = {codes.Axis.PAN: port.Axis.PAN, codes.Axis.TILT: port.Axis.TILT}
_OUTCOMES: dict[int, port.MotionOutcome] = {
    codes.Outcome.REACHED: port.MotionOutcome.REACHED,
    codes.Outcome.EXPIRED: port.MotionOutcome.EXPIRED,
    codes.Outcome.REPLACED: port.MotionOutcome.REPLACED,
    codes.Outcome.STOPPED: port.MotionOutcome.STOPPED,
    codes.Outcome.FAILED: port.MotionOutcome.FAILED,
}

REQUESTS = {
    messages.FollowMarker.TYPE: port.Request.FOLLOW_MARKER,
    messages.ClearFault.TYPE: port.Request.CLEAR_FAULT,
    messages.Identify.TYPE: port.Request.IDENTIFY,
}


def pose(message: messages.Pose, host: HostTime) -> port.Pose | None:
    """The event, or None for angles that no dock has."""
    if max(abs(message.pan_deg), abs(message.tilt_deg)) > _MAX_ANGLE_DEG:
        return None
    rates = (message.pan_rate_dps, message.tilt_rate_dps)
    return port.Pose(host(message.time_us), message.pan_deg, message.tilt_deg, *rates)


def marker_report(message: messages.MarkerReport, host: HostTime) -> port.MarkerReport | None:
    """The event, or None for a role or angles that make no sense."""
    role = _ROLES.get(message.role)
    if role is None or max(abs(message.azimuth_deg), abs(message.elevation_deg)) > _MAX_ANGLE_DEG:
        return None
    bearing = (message.azimuth_deg, message.elevation_deg)
    return port.MarkerReport(host(message.time_us), *bearing, message.quality, message.marker_id, role)


def marker_status(message: messages.MarkerStatus) -> port.MarkerStatus | None:
    """The event, or None for an unknown role."""
    role = _ROLES.get(message.role)
    if role is None:
        return None
    flags = codes.MarkerFlag(message.flags & 0x7)
    return port.MarkerStatus(
        message.marker_id,
        role,
        message.battery_percent,
        charging=codes.MarkerFlag.CHARGING in flags,
        in_bay=codes.MarkerFlag.IN_BAY in flags,
        muted=codes.MarkerFlag.MUTED in flags,
    )


def button(message: messages.Button, host: HostTime) -> port.MarkerButton | None:
    """The event, or None for an unknown press."""
    press = _PRESSES.get(message.press)
    return None if press is None else port.MarkerButton(host(message.time_us), press, message.marker_id)


def dock_status(message: messages.DockStatus) -> port.DockStatus:
    """The event; a power source that is not known here is UNKNOWN."""
    source = _SOURCES.get(message.power_source, port.PowerSource.UNKNOWN)
    return port.DockStatus(message.battery_percent, source, message.charging, message.temperature_c)


def fault(message: messages.Fault, host: HostTime) -> port.DockFault:
    """The event; a fault that has no name here is OTHER."""
    kind = _FAULTS.get(message.fault, port.FaultKind.OTHER)
    axis = _AXES.get(message.axis)
    return port.DockFault(host(message.time_us), kind, axis, message.active)


def motion_done(message: messages.MotionDone, host: HostTime) -> port.MotionDone:
    """The event; an outcome that has no name here is FAILED."""
    outcome = _OUTCOMES.get(message.outcome, port.MotionOutcome.FAILED)
    return port.MotionDone(host(message.time_us), message.motion_id, outcome, message.pan_deg, message.tilt_deg)


def why_refused(refusal: messages.Refusal) -> str:
    """For the log: what was refused, and why."""
    kind = messages.BY_TYPE.get(refusal.refused)
    name = kind.__name__ if kind is not None else f"message type {refusal.refused}"
    return f"{name}: {reason_of(refusal)}"


def reason_of(refusal: messages.Refusal) -> str:
    """The code in words."""
    known = refusal.code in codes.RefusalCode.__members__.values()
    return codes.RefusalCode(refusal.code).name.lower().replace("_", " ") if known else f"code {refusal.code}"
