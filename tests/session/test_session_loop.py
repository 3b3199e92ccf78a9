"""The session loop does what the machine says, and tells the truth about it."""

import asyncio
import logging
import uuid

import pytest

from followspot.app.room import NoRoomError
from followspot.control.refusals import (
    AlreadyRecordingError,
    NotRecordingError,
    ShuttingDownError,
    StillStoppingError,
)
from followspot.control.session import ON_DISK_FOR_NS, SessionLoop
from followspot.domain.alerts import AlertCode
from followspot.domain.errors import StorageError
from followspot.domain.gaps import GapReason
from followspot.domain.recording import LessonPlan
from followspot.domain.session import SessionState
from followspot.domain.statement import LessonDetails
from followspot.media.notices import CameraLost, CameraOpened, RecorderFailed
from followspot.storage.notices import DiskOverflow, MediaMoved, StorageFailed
from session.conftest import PAUSE_LIMIT_NS


async def test_a_lesson_from_start_to_end(bench):
    lesson_id = bench.loop.start("panel")
    assert uuid.UUID(lesson_id).version == 7
    bench.fragment()
    assert bench.loop.stop("panel") == lesson_id
    await bench.drained()
    assert bench.did == [
        "sink by panel",
        "recorder starts",
        "end decided: stopped",
        "recorder stops",
        "closed: stopped",
    ]
    assert [status.state.value for status in bench.statuses] == ["starting", "recording", "stopping", "idle"]
    assert bench.loop.status.lesson_id is None


async def test_the_lamp_is_on_only_while_frames_reach_the_disk(bench):
    bench.loop.start("panel")
    assert not bench.loop.status.on_disk
    bench.fragment()
    assert bench.loop.status.on_disk
    bench.clock.now_ns += ON_DISK_FOR_NS + 1
    bench.loop.check_lamp()
    assert not bench.loop.status.on_disk
    assert bench.loop.status.state is SessionState.RECORDING
    bench.fragment()
    assert bench.loop.status.on_disk
    bench.loop.stop("panel")
    assert not bench.loop.status.on_disk


async def test_a_lost_camera_is_no_reason_to_stop_but_a_held_picture_is_none(bench):
    bench.loop.start("panel")
    bench.fragment()
    bench.loop.on_media_notice(CameraLost("gone"))
    bench.fragment()
    assert bench.loop.status.state is SessionState.RECORDING
    assert not bench.loop.status.on_disk
    bench.loop.on_media_notice(CameraOpened(1280, 720, 30.0))
    assert bench.loop.status.on_disk


async def test_a_lesson_that_moves_to_another_disk_goes_on_and_lights_no_lamp_until_media_reaches_it(bench):
    lesson_id = bench.loop.start("panel")
    bench.fragment()
    bench.loop.on_storage_notice(MediaMoved(lesson_id, "pulled out"))
    assert bench.loop.status.state is SessionState.RECORDING
    assert not bench.loop.status.on_disk
    bench.fragment()
    assert bench.loop.status.on_disk


async def test_a_disk_that_cannot_keep_up_lights_no_lamp_until_it_has_caught_up(bench):
    lesson_id = bench.loop.start("panel")
    bench.fragment()
    bench.loop.on_storage_notice(DiskOverflow(lesson_id, "too slow"))
    assert not bench.loop.status.on_disk
    bench.fragment()
    assert bench.loop.status.on_disk


async def test_a_camera_that_the_last_lesson_lost_does_not_concern_the_next(bench):
    bench.loop.start("panel")
    bench.loop.on_media_notice(CameraLost("gone"))
    bench.loop.stop("panel")
    await bench.drained()
    bench.loop.start("panel")
    bench.fragment()
    assert bench.loop.status.on_disk


async def test_a_status_that_stays_is_told_once(bench):
    bench.loop.start("panel")
    for _ in range(5):
        bench.fragment()
        bench.loop.check_lamp()
    assert len(bench.statuses) == 2


async def test_a_second_start_and_a_stop_in_idle_are_refused(bench):
    with pytest.raises(NotRecordingError) as refusal:
        bench.loop.stop("mqtt")
    assert refusal.value.code == "not-recording"
    lesson_id = bench.loop.start("panel")
    with pytest.raises(AlreadyRecordingError) as refused:
        bench.loop.start("mqtt")
    assert refused.value.code == "already-recording"
    assert bench.loop.status.lesson_id == lesson_id
    assert bench.loop.status.started_by == "panel"


async def test_while_stopping_both_are_refused(bench):
    lesson_id = bench.loop.start("panel")
    bench.loop.stop("panel")
    with pytest.raises(StillStoppingError):
        bench.loop.stop("panel")
    with pytest.raises(StillStoppingError):
        bench.loop.start("panel")
    assert bench.loop.status.lesson_id == lesson_id


async def test_the_button_toggles(bench):
    bench.loop.press("marker")
    assert bench.loop.status.state is SessionState.STARTING
    bench.loop.press("panel")
    assert bench.loop.status.state is SessionState.STOPPING
    await bench.drained()
    bench.loop.press("marker")
    assert bench.loop.status.state is SessionState.STARTING


async def test_a_press_while_a_lesson_is_closed_begins_the_next(bench):
    first = bench.loop.start("mqtt")
    bench.loop.press("panel")
    bench.loop.press("marker")
    assert bench.loop.status.lesson_id == first
    await bench.drained()
    assert bench.loop.status.state is SessionState.STARTING
    assert bench.loop.status.started_by == "marker"
    assert bench.loop.status.lesson_id not in (None, first)
    assert [status.state.value for status in bench.statuses] == ["starting", "stopping", "idle", "starting"]


async def test_a_second_press_takes_the_next_lesson_back(bench):
    bench.loop.start("mqtt")
    for _ in range(3):
        bench.loop.press("panel")
    await bench.drained()
    assert bench.loop.status.state is SessionState.IDLE


async def test_a_stop_before_the_first_picture(bench):
    bench.loop.start("panel")
    bench.loop.stop("panel")
    await bench.drained()
    assert bench.loop.status.state is SessionState.IDLE


@pytest.mark.parametrize(("full", "reason"), [(True, "disk-full"), (False, "disk-failed")])
async def test_a_disk_that_takes_no_more_ends_the_lesson(bench, full, reason):
    lesson_id = bench.loop.start("panel")
    bench.fragment()
    bench.loop.on_storage_notice(StorageFailed(lesson_id, full, "no space left"))
    bench.loop.on_storage_notice(StorageFailed(lesson_id, full, "no space left"))
    await bench.drained()
    assert bench.did[2:] == [f"end decided: {reason}", "recorder stops", f"closed: {reason}"]


async def test_a_failure_that_concerns_no_lesson_ends_none(bench):
    bench.loop.start("panel")
    bench.loop.on_storage_notice(StorageFailed(None, True, "no reserve"))
    assert bench.loop.status.active


async def test_media_of_another_lesson_light_no_lamp(bench):
    bench.loop.start("panel")
    bench.fragment("another")
    assert bench.loop.status.state is SessionState.STARTING


async def fail(bench) -> None:
    bench.loop.on_media_notice(RecorderFailed("encoder gone"))
    await bench.settled()


async def test_a_recorder_that_fails_is_started_again_twice_and_then_the_lesson_is_closed(bench):
    lesson_id = bench.loop.start("panel")
    for restarts in (1, 2):
        bench.fragment()
        assert bench.loop.status.on_disk
        await fail(bench)
        assert bench.plans[-1] == LessonPlan(lesson_id, restarts, 10 * restarts, GapReason.RECORDER_FAILED)
        assert bench.loop.status.state is SessionState.STARTING
        assert not bench.loop.status.on_disk
    await fail(bench)
    assert len(bench.plans) == 3
    assert bench.did[-1] == "closed: recorder-failed"
    assert bench.loop.status.state is SessionState.IDLE


async def test_what_is_known_of_a_lesson_outlives_a_recorder_that_failed_before_its_first_frame(bench):
    details = LessonDetails(title="Fractions")
    bench.loop.start("mqtt", details=details)
    await fail(bench)
    assert [plan.details for plan in bench.plans] == [details, details]


async def test_a_stop_while_the_recorder_is_started_again_ends_the_lesson(bench):
    bench.loop.start("panel")
    bench.disk_answers.clear()
    await fail(bench)
    bench.loop.stop("panel")
    bench.disk_answers.set()
    await bench.settled()
    assert bench.did[-1] == "closed: stopped"
    assert len(bench.plans) == 1
    assert bench.loop.status.state is SessionState.IDLE


async def test_a_recovered_lesson_goes_on(bench):
    plan = LessonPlan("0190-id", first_index=3, media_start_ns=7)
    assert bench.loop.start("recovery", plan) == "0190-id"
    assert bench.plans == [plan]


async def test_shutting_down_closes_the_lesson_first(bench):
    bench.loop.start("panel")
    bench.fragment()
    end = asyncio.create_task(bench.loop.shut_down())
    await bench.settled()
    assert not end.done()
    await bench.drained()
    await end
    assert bench.did[2:] == ["end decided: shutdown", "recorder stops", "closed: shutdown"]


async def test_a_daemon_that_shuts_down_begins_nothing(bench, caplog):
    bench.loop.start("panel")
    bench.loop.press("panel")
    bench.loop.press("panel")
    end = asyncio.create_task(bench.loop.shut_down())
    await bench.settled()
    with caplog.at_level(logging.INFO):
        bench.loop.press("marker")
    assert "button ignored source=marker code=shutting-down" in caplog.text
    await bench.drained()
    await end
    with pytest.raises(ShuttingDownError) as refusal:
        bench.loop.start("mqtt")
    assert refusal.value.code == "shutting-down"
    assert len(bench.plans) == 1


async def test_shutting_down_waits_for_a_lesson_that_stops_already(bench):
    bench.loop.start("panel")
    bench.loop.stop("panel")
    end = asyncio.create_task(bench.loop.shut_down())
    await bench.settled()
    assert not end.done()
    await bench.drained()
    await end
    assert bench.did[-1] == "closed: stopped"


async def test_shutting_down_in_idle_returns_at_once(bench):
    await bench.loop.shut_down()
    assert bench.did == []


@pytest.mark.parametrize("fault", [StorageError("no such disk"), ValueError("a fault in the program")])
async def test_a_lesson_that_cannot_be_closed_does_not_block_the_next(bench, caplog, fault):
    bench.close_fault = fault
    lesson_id = bench.loop.start("panel")
    bench.loop.stop("panel")
    await bench.drained()
    assert str(fault) in caplog.text
    assert bench.alerts.is_active(AlertCode.LESSON_NOT_CLOSED, lesson_id)
    assert bench.loop.status.state is SessionState.IDLE
    bench.loop.start("panel")


async def test_a_recorder_that_does_not_start_is_an_alert_and_the_next_may(bench):
    bench.start_fault = RuntimeError("no threads left")
    bench.loop.start("panel")
    for _ in range(3):
        await bench.settled()
    assert bench.did[-1] == "closed: recorder-failed"
    assert bench.loop.status.state is SessionState.IDLE
    [alert] = bench.alerts.active
    assert (alert.code, alert.message) == (AlertCode.RECORDER_FAILED, "the recorder did not start: no threads left")


async def test_progress_is_another_state_or_media_on_the_disk(bench):
    bench.clock.now_ns = 10
    bench.loop.start("panel")
    assert bench.loop.moved_ns == 10
    bench.clock.now_ns = 20
    bench.loop.check_lamp()
    assert bench.loop.moved_ns == 10
    bench.fragment()
    assert bench.loop.moved_ns == 20


async def test_without_room_no_lesson_begins_but_a_recovered_one_goes_on(bench):
    def no_room():
        raise NoRoomError("about 2 minutes are left")

    bench.loop = SessionLoop(bench.clock, bench, bench, bench.alerts, bench.statuses.append, PAUSE_LIMIT_NS, no_room)
    with pytest.raises(NoRoomError):
        bench.loop.start("mqtt")
    bench.loop.press("panel")
    assert bench.did == []
    assert bench.loop.status.state is SessionState.IDLE
    bench.loop.start("recovery", LessonPlan("lesson-1", 3, 180))
    assert bench.did == ["sink by recovery", "recorder starts"]


async def test_a_lesson_that_runs_out_of_room_is_ended_in_order(bench):
    bench.loop.end_for_room()
    bench.loop.start("panel")
    bench.fragment()
    bench.loop.end_for_room()
    bench.loop.end_for_room()
    await bench.drained()
    assert bench.did[2:] == ["end decided: disk-full", "recorder stops", "closed: disk-full"]
