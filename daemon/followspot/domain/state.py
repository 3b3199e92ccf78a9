"""The box's two retained messages: whether it is there, and how it is."""

from enum import StrEnum

from pydantic import Field

from followspot.domain.alerts import AlertCode
from followspot.domain.segments import ClockState
from followspot.domain.sound import Carrier
from followspot.domain.statement import Statement

Percent = int | None


class AvailabilityState(StrEnum):
    """Whether the box is there."""

    ONLINE = "online"
    OFFLINE = "offline"
    """Its connection broke: the broker says so in its place."""
    STOPPED = "stopped"
    """Someone ended it in order."""


class Availability(Statement):
    """Retained on `…/availability`."""

    state: AvailabilityState


class StandingAlert(Statement):
    """A fault that stands now."""

    code: AlertCode
    subject: str
    message: str


class MarkerState(Statement):
    """A marker, as it told last."""

    id: int
    role: str = Field(description="primary or secondary; the primary one is followed.")
    battery_percent: Percent
    charging: bool
    in_bay: bool
    muted: bool


class DockState(Statement):
    """The dock and its markers, as they told last; null where the dock does not know it."""

    battery_percent: Percent
    charging: bool | None
    power_source: str | None
    temperature_c: float | None
    markers: tuple[MarkerState, ...]


class LevelState(Statement):
    """How loud a microphone was within the last second, in whole decibels below full scale."""

    peak_dbfs: int
    rms_dbfs: int


class SoundState(Statement):
    """What is heard; null where there is no such microphone, or nothing is recorded."""

    muted: bool = Field(description="Whether the teacher has muted her marker.")
    carrier: Carrier | None = Field(description="What the sound track that players use is carried by.")
    teacher: LevelState | None
    room: LevelState | None


class HostState(Statement):
    """The computer in the box; null where it has no such sensor."""

    temperature_c: int | None = Field(description="Of the processor.")
    under_voltage: bool | None = Field(description="Whether its supply is too weak now.")
    clock: ClockState


class BoxState(Statement):
    """Retained on `…/state`: sent when it changed, at most once a second."""

    version: str
    session: str = Field(description="idle, starting, recording, paused, stopping (more may come).")
    lesson_id: str | None
    started_by: str | None
    recording: bool = Field(description="Whether pictures reach the disk: the one truth for every lamp.")
    tracking: str
    sound: SoundState
    dock: str = Field(description="Its link: searching, connecting, negotiating, ready, degraded, lost; none: no dock.")
    dock_status: DockState
    host: HostState
    disk_minutes_left: int | None = Field(
        description="How long a lesson the media's disk has room for, counting what may be deleted; null: unknown."
    )
    alerts: tuple[StandingAlert, ...]
