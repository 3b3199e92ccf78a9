"""From notices to alerts, and from alerts to journal and events."""

import asyncio
import logging

import pytest

from followspot.app import alerting
from followspot.app.alerting import AlertEvents, NoticeAlerts, write_to_journal
from followspot.domain.alerts import AlertCode
from followspot.domain.errors import StorageError
from followspot.domain.events import AlertCleared, AlertRaised
from followspot.domain.redact import redacted
from followspot.domain.sound import Carrier, MicrophoneRole, SoundLevel
from followspot.media.notices import (
    CameraLost,
    CameraOpened,
    FramesDropped,
    MicrophoneHeard,
    MicrophoneLost,
    MicrophoneOpened,
    MicrophoneSilent,
    RecorderFailed,
    RecordingStarted,
    SoundLevels,
)
from followspot.settings.models import CameraSettings, MicrophoneSettings, RoomMicrophoneSettings, Settings
from followspot.storage.notices import DiskOverflow, FragmentDurable, MediaMoved, SegmentDurable, StorageFailed
from followspot.storage.worker import StorageProgress

SETTINGS = Settings(microphone=MicrophoneSettings(url="hw:1"))


@pytest.fixture
async def notices(alerts, clock):
    return NoticeAlerts(alerts, SETTINGS, clock)


@pytest.mark.parametrize(
    ("fault", "cure", "code", "subject"),
    [
        (CameraLost("gone"), CameraOpened(1, 1, 30), AlertCode.CAMERA_UNAVAILABLE, "/dev/video0"),
        (MicrophoneLost("gone"), MicrophoneOpened(), AlertCode.MICROPHONE_UNAVAILABLE, "hw:1"),
        (RecorderFailed("gone"), RecordingStarted(), AlertCode.RECORDER_FAILED, "/dev/video0"),
    ],
)
async def test_what_the_recorder_tells(notices, alerts, fault, cure, code, subject):
    notices.on_media_notice(fault)
    [alert] = alerts.active
    assert (alert.code, alert.subject, alert.message) == (code, subject, "gone")
    notices.on_media_notice(cure)
    assert not alerts.active


async def test_a_disk_that_takes_its_time_is_told_until_a_segment_is_safe(notices, alerts, clock):
    now_ns = clock.monotonic_ns()
    long_ago_ns = now_ns - alerting.DISK_SLOW_NS - 1
    for queued_bytes, busy_since_ns in ((0, long_ago_ns), (9, None), (9, now_ns)):
        notices.on_disk_progress(StorageProgress(1, queued_bytes, busy_since_ns, 0))
        assert not alerts.active
    notices.on_disk_progress(StorageProgress(1, 9, long_ago_ns, 0))
    assert alerts.is_active(AlertCode.DISK_SLOW)
    notices.on_storage_notice(SegmentDurable("l", 0))
    assert not alerts.active


async def test_a_silent_microphone_is_an_alert_until_it_is_heard_or_gone(notices, alerts):
    for cure in (MicrophoneHeard(MicrophoneRole.TEACHER), MicrophoneLost("gone")):
        notices.on_media_notice(MicrophoneSilent(MicrophoneRole.TEACHER, 5))
        [alert] = alerts.active
        assert (alert.code, alert.subject) == (AlertCode.MICROPHONE_SILENT, "hw:1")
        assert "teacher microphone hw:1" in alert.message
        notices.on_media_notice(cure)
        assert not alerts.is_active(AlertCode.MICROPHONE_SILENT)


async def test_each_microphone_has_its_own_alert(alerts, clock):
    settings = SETTINGS.model_copy(update={"room_microphone": RoomMicrophoneSettings(url="hw:2")})
    notices = NoticeAlerts(alerts, settings, clock)
    notices.on_media_notice(MicrophoneLost("gone", MicrophoneRole.ROOM))
    notices.on_media_notice(MicrophoneOpened(MicrophoneRole.TEACHER))
    assert [alert.subject for alert in alerts.active] == ["hw:2"]


async def test_a_mute_that_was_forgotten_is_an_alert(notices, alerts):
    for _ in range(alerting.MUTED_TOO_LONG_S - 1):
        notices.on_media_notice(SoundLevels(Carrier.MUTED, None, None))
    assert not alerts.active
    notices.on_media_notice(SoundLevels(Carrier.MUTED, None, None))
    assert alerts.is_active(AlertCode.SOUND_MUTED)
    notices.on_media_notice(SoundLevels(Carrier.TEACHER, SoundLevel(-9, -20), None))
    assert not alerts.active


async def test_no_password_is_told(alerts, clock):
    url = "rtsp://teacher:s3cret@10.0.0.7/stream?token=t0p"
    settings = Settings(camera=CameraSettings(url=url), microphone=MicrophoneSettings(url=url))
    notices = NoticeAlerts(alerts, settings, clock)
    for fault in (CameraLost("gone"), MicrophoneLost("gone"), FramesDropped(1), RecorderFailed("gone")):
        notices.on_media_notice(fault)
    assert {alert.subject for alert in alerts.active} == {redacted(url)}
    assert "s3cret" not in redacted(url)
    notices.on_media_notice(CameraOpened(1, 1, 30))
    assert not alerts.is_active(AlertCode.CAMERA_UNAVAILABLE)


@pytest.mark.parametrize(
    ("fault", "cure", "code"),
    [
        (StorageFailed("l", True, "gone"), FragmentDurable("m", 0), AlertCode.DISK_FULL),
        (StorageFailed(None, False, "gone"), FragmentDurable("m", 0), AlertCode.DISK_FAILED),
        (DiskOverflow("l", "gone"), SegmentDurable("l", 1), AlertCode.DISK_SLOW),
    ],
)
async def test_what_the_storage_tells(notices, alerts, fault, cure, code):
    notices.on_storage_notice(fault)
    [alert] = alerts.active
    assert (alert.code, alert.subject, alert.message) == (code, "/var/lib/followspot/media", "gone")
    notices.on_storage_notice(cure)
    assert not alerts.active


async def test_a_lesson_that_moved_is_an_alert_until_the_next_start(notices, alerts):
    notices.on_storage_notice(MediaMoved("l", "goes on elsewhere"))
    notices.on_storage_notice(FragmentDurable("l", 3))
    [alert] = alerts.active
    assert (alert.code, alert.message) == (AlertCode.MEDIA_ELSEWHERE, "goes on elsewhere")


async def test_an_overflow_heals_when_encoding_has_kept_up_for_a_while(notices, alerts, monkeypatch):
    monkeypatch.setattr(alerting, "OVERFLOW_HEALED_AFTER_S", 0.05)
    notices.on_media_notice(FramesDropped(3))
    await asyncio.sleep(0.03)
    notices.on_media_notice(FramesDropped(1))
    await asyncio.sleep(0.03)
    assert alerts.is_active(AlertCode.ENCODER_OVERFLOW)
    await asyncio.sleep(0.05)
    assert not alerts.active


def test_the_journal_hears_of_each_transition_once(alerts, caplog):
    alerts.subscribe(write_to_journal)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            alerts.raise_alert(AlertCode.DOCK_LOST, "tty", "pulled out", 0)
        for _ in range(3):
            alerts.clear(AlertCode.DOCK_LOST)
    assert [(entry.levelname, entry.message) for entry in caplog.records] == [
        ("WARNING", "alert raised code=dock-lost subject=tty: pulled out"),
        ("INFO", "alert cleared code=dock-lost subject=tty"),
    ]


async def nothing_told():
    return []


async def test_what_an_earlier_run_left_wrong_is_told_to_be_well_before_it_is_raised_anew(alerts):
    published, all_said, refusals = [], asyncio.Event(), [StorageError("no disk")]

    async def publish(event):
        published.append(event)
        if len(published) == 2:
            all_said.set()

    async def told():
        if refusals:
            raise refusals.pop()
        return [("an-alert-of-another-version", "x"), ("dock-lost", "tty")]

    events = AlertEvents(publish, told, retry_s=0.001)
    alerts.subscribe(events)
    alerts.raise_alert(AlertCode.DOCK_LOST, "tty", "pulled out", 0)
    task = asyncio.create_task(events.run())
    await asyncio.wait_for(all_said.wait(), 5)
    task.cancel()
    await asyncio.wait([task])
    assert published == [
        AlertCleared(code=AlertCode.DOCK_LOST, subject="tty"),
        AlertRaised(code=AlertCode.DOCK_LOST, subject="tty", message="pulled out"),
    ]


async def test_each_transition_is_an_event_in_order_and_a_sick_disk_ends_nothing(alerts, caplog):
    published, all_said = [], asyncio.Event()

    async def publish(event):
        published.append(event)
        if len(published) == 1:
            raise StorageError("no disk")
        if len(published) == 3:
            all_said.set()

    events = AlertEvents(publish, nothing_told, retry_s=0.001)
    alerts.subscribe(events)
    task = asyncio.create_task(events.run())
    alerts.raise_alert(AlertCode.DOCK_LOST, "tty", "pulled out", 0)
    alerts.clear(AlertCode.DOCK_LOST)
    await asyncio.wait_for(all_said.wait(), 5)
    task.cancel()
    await asyncio.wait([task])
    raised = AlertRaised(code=AlertCode.DOCK_LOST, subject="tty", message="pulled out")
    assert published == [raised, raised, AlertCleared(code=AlertCode.DOCK_LOST, subject="tty")], "refused, kept, kept"
    assert caplog.text.count("an event waits for the disk type=alert.raised: no disk") == 1


def test_who_subscribes_late_hears_what_stands(alerts):
    alerts.raise_alert(AlertCode.BROKER_REFUSED, "broker", "the certificate cannot be read", 1)
    heard = []
    alerts.subscribe(lambda alert, active: heard.append((alert.code, active)))
    assert heard == [(AlertCode.BROKER_REFUSED, True)]
