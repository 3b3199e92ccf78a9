"""Alerts: from what recorder and storage tell to the registry, and from the registry to journal and outbox."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from followspot.domain.alerts import Alert, AlertCode, AlertRegistry
from followspot.domain.clock import Clock
from followspot.domain.errors import StorageError
from followspot.domain.events import AlertCleared, AlertRaised, EventData
from followspot.domain.redact import redacted
from followspot.domain.rendition import RenditionName
from followspot.domain.sound import Carrier, MicrophoneRole
from followspot.media.notices import (
    CameraLost,
    CameraOpened,
    FramesDropped,
    MediaNotice,
    MicrophoneHeard,
    MicrophoneLost,
    MicrophoneOpened,
    MicrophoneSilent,
    RecorderFailed,
    RecordingStarted,
    SoundLevels,
)
from followspot.settings.models import Settings
from followspot.storage.notices import (
    DiskOverflow,
    FragmentDurable,
    MediaMoved,
    SegmentDurable,
    StorageFailed,
    StorageNotice,
)
from followspot.storage.worker import StorageProgress

OVERFLOW_HEALED_AFTER_S = 30.0
"""Encoding that has kept up for this long is no alert any more."""

SECOND_NS = 1_000_000_000
DISK_SLOW_NS = 3 * SECOND_NS
"""A card that tidies itself up may take a second or two, now and then."""
MUTED_TOO_LONG_S = 300
"""A talk in private is over by then; a mute that was forgotten is not. Levels come once a second."""
KEEP_RETRY_S = 5.0
"""A full disk stays full until a person or the retention has made room."""
WAITING_EVENTS = 1000
"""Transitions of alerts while no disk takes them: an hour of one that comes and goes every few seconds."""

_log = logging.getLogger(__name__)


class NoticeAlerts:
    """Raises and clears the alerts of camera, microphone, encoder and disk. Lives on the loop."""

    def __init__(self, alerts: AlertRegistry, settings: Settings, clock: Clock) -> None:
        self._alerts = alerts
        self._clock = clock
        self._camera = redacted(settings.camera.url)
        self._microphones = {role: redacted(device.url) for role, device in settings.microphones}
        self._muted_reports = 0
        self._media = str(settings.paths.media)
        self._overflow_end: asyncio.TimerHandle | None = None

    def on_media_notice(self, notice: MediaNotice) -> None:
        """What the recorder tells."""
        match notice:
            case CameraOpened():
                self._alerts.clear(AlertCode.CAMERA_UNAVAILABLE, self._camera)
            case CameraLost(reason):
                self._raise(AlertCode.CAMERA_UNAVAILABLE, self._camera, reason)
            case MicrophoneOpened(role):
                self._alerts.clear(AlertCode.MICROPHONE_UNAVAILABLE, self._microphones[role])
            case MicrophoneLost(reason, role):
                self._alerts.clear(AlertCode.MICROPHONE_SILENT, self._microphones[role])
                self._raise(AlertCode.MICROPHONE_UNAVAILABLE, self._microphones[role], reason)
            case MicrophoneSilent(role, seconds):
                self._on_silence(role, seconds)
            case MicrophoneHeard(role):
                self._alerts.clear(AlertCode.MICROPHONE_SILENT, self._microphones[role])
            case SoundLevels(carrier=carrier):
                self._on_carrier(carrier)
            case FramesDropped(count, rendition):
                self._on_overflow(count, rendition)
            case RecordingStarted():
                self._alerts.clear(AlertCode.RECORDER_FAILED)
            case RecorderFailed(message):
                self._raise(AlertCode.RECORDER_FAILED, self._camera, message)

    def on_storage_notice(self, notice: StorageNotice) -> None:
        """What the storage tells. Media that reach the disk are the proof that it works again."""
        match notice:
            case StorageFailed(full=full, message=message):
                self._raise(AlertCode.DISK_FULL if full else AlertCode.DISK_FAILED, self._media, message)
            case MediaMoved(message=message):
                self._raise(AlertCode.MEDIA_ELSEWHERE, self._media, message)
            case DiskOverflow(message=message):
                self._raise(AlertCode.DISK_SLOW, self._media, message)
            case FragmentDurable():
                self._alerts.clear(AlertCode.DISK_FULL, self._media)
                self._alerts.clear(AlertCode.DISK_FAILED, self._media)
            case SegmentDurable():
                self._alerts.clear(AlertCode.DISK_SLOW, self._media)

    def on_disk_progress(self, progress: StorageProgress) -> None:
        """How the disk is doing, about once a second: media that waits for it is told before any is lost."""
        since_ns = progress.busy_since_ns
        if since_ns is None or not progress.queued_bytes:
            return
        if self._clock.monotonic_ns() - since_ns > DISK_SLOW_NS:
            message = (
                f"the disk of {self._media} has not finished one operation for {DISK_SLOW_NS // SECOND_NS} s: media "
                "waits in memory, and is lost when that goes on. Use a faster or a healthy disk"
            )
            self._raise(AlertCode.DISK_SLOW, self._media, message)

    def _on_silence(self, role: MicrophoneRole, seconds: float) -> None:
        message = (
            f"the {role} microphone {self._microphones[role]} gives sound, but for {seconds:g} s there has been "
            "nothing in it. Switch its sender on and see to its battery, its mute switch and its gain (alsamixer)"
        )
        self._raise(AlertCode.MICROPHONE_SILENT, self._microphones[role], message)

    def _on_carrier(self, carrier: Carrier) -> None:
        self._muted_reports = self._muted_reports + 1 if carrier is Carrier.MUTED else 0
        if self._muted_reports >= MUTED_TOO_LONG_S:
            message = (
                f"the lesson has been recorded without sound for {MUTED_TOO_LONG_S // 60} minutes, because the marker "
                "is muted: press its mute button if that was forgotten"
            )
            self._raise(AlertCode.SOUND_MUTED, "marker", message)
        elif not self._muted_reports:
            self._alerts.clear(AlertCode.SOUND_MUTED, "marker")

    def _on_overflow(self, count: int, rendition: RenditionName | None) -> None:
        remedy = "Choose a faster encoder.preset or a smaller view, or see what else uses the processor"
        if rendition is None:
            message = f"{count} pictures came faster than they could be encoded and are missing. {remedy}"
        else:
            message = (
                f"{count} pictures came faster than the {rendition} picture could be encoded beside the framed one, "
                f"and are missing of it alone. {remedy}, or set recording.picture to one of the two"
            )
        self._raise(AlertCode.ENCODER_OVERFLOW, self._camera, message)
        if self._overflow_end is not None:
            self._overflow_end.cancel()
        clear = partial(self._alerts.clear, AlertCode.ENCODER_OVERFLOW, self._camera)
        self._overflow_end = asyncio.get_running_loop().call_later(OVERFLOW_HEALED_AFTER_S, clear)

    def _raise(self, code: AlertCode, subject: str, message: str) -> None:
        self._alerts.raise_alert(code, subject, message, self._clock.monotonic_ns())


def write_to_journal(alert: Alert, active: bool) -> None:
    """An alert listener: once when a fault is found, once when it has healed."""
    if active:
        _log.warning("alert raised code=%s subject=%s: %s", alert.code, alert.subject, alert.message)
    else:
        _log.info("alert cleared code=%s subject=%s", alert.code, alert.subject)


class AlertEvents:
    """An alert listener that makes each transition an event, in order. What the disk refuses waits for it.

    `told` gives code and subject of what an earlier run has told to be wrong: nobody knows it any more, so that it is
    told to be well first; what is wrong still is raised anew.
    """

    def __init__(
        self,
        publish: Callable[[EventData], Awaitable[None]],
        told: Callable[[], Awaitable[list[tuple[str, str]]]],
        retry_s: float = KEEP_RETRY_S,
    ) -> None:
        self._publish = publish
        self._told = told
        self._retry_s = retry_s
        self._begun = False
        self._waiting: asyncio.Queue[EventData] = asyncio.Queue(WAITING_EVENTS)

    def __call__(self, alert: Alert, active: bool) -> None:
        """Take one transition."""
        if active:
            event: EventData = AlertRaised(code=alert.code, subject=alert.subject, message=alert.message)
        else:
            event = AlertCleared(code=alert.code, subject=alert.subject)
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            _log.error(
                "too many events wait for the disk, this one is lost type=%s subject=%s", event.type, alert.subject
            )

    async def run(self) -> None:
        """Put the events into the outbox until cancelled."""
        if not self._begun:
            await self._in_time("earlier alerts", self._clear_earlier)
            self._begun = True
        while True:
            event = await self._waiting.get()
            await self._in_time(event.type, partial(self._publish, event))

    async def _clear_earlier(self) -> None:
        known = frozenset(AlertCode)
        for code, subject in await self._told():
            if code in known:  # else another version's
                await self._publish(AlertCleared(code=AlertCode(code), subject=subject))

    async def _in_time(self, what: str, step: Callable[[], Awaitable[None]]) -> None:
        refused = False
        while True:
            try:
                await step()
            except StorageError as error:
                if not refused:
                    _log.warning("an event waits for the disk type=%s: %s", what, error)
                refused = True
                await asyncio.sleep(self._retry_s)
            else:
                return
