"""Pause, resume and bookmark through the session loop."""

import asyncio
import logging

import pytest

from followspot.control.refusals import NotPausedError, NotRecordingError, PausedError, StillStoppingError
from followspot.domain.recording import LessonPlan
from followspot.domain.session import SessionState
from session.conftest import PAUSE_LIMIT_NS


async def paused(bench) -> str:
    lesson_id = bench.loop.start("panel")
    bench.fragment()
    assert bench.loop.pause("mqtt") == lesson_id
    await bench.drained()
    return lesson_id


async def test_a_pause_closes_the_camera_and_a_resume_goes_on_behind_the_cut(bench):
    lesson_id = await paused(bench)
    assert bench.did[2:] == ["pause decided by mqtt", "recorder stops", "pause settled"]
    assert bench.loop.status.state is SessionState.PAUSED
    assert not bench.loop.status.on_disk
    assert (bench.loop.status.active, bench.loop.status.under_way) == (False, True)
    assert bench.loop.resume("marker") == lesson_id
    await bench.settled()
    assert bench.did[-3:] == ["settled", "sink by marker", "recorder starts"]
    assert bench.plans[-1].media_start_ns > 0
    bench.fragment()
    assert bench.loop.status.state is SessionState.RECORDING
    assert bench.loop.status.started_by == "panel"


async def test_a_resume_that_comes_too_soon_waits_for_the_recorder(bench):
    bench.loop.start("panel")
    bench.fragment()
    bench.loop.pause("mqtt")
    bench.loop.resume("mqtt")
    assert bench.loop.status.state is SessionState.PAUSED
    await bench.drained()
    assert bench.did[-1] == "recorder starts"


async def test_what_the_disk_still_tells_of_the_time_before_is_no_recording(bench):
    bench.disk_answers.clear()
    await paused(bench)
    bench.loop.resume("mqtt")
    await bench.settled()
    bench.fragment()
    assert (bench.loop.status.state, bench.loop.status.on_disk) == (SessionState.STARTING, False)
    bench.disk_answers.set()
    await bench.settled()
    assert bench.did.count("recorder starts") == 2
    bench.fragment()
    assert bench.loop.status.state is SessionState.RECORDING


async def test_a_pause_while_the_recorder_is_being_restarted_keeps_it_from_starting(bench):
    bench.disk_answers.clear()
    bench.loop.start("panel")
    await bench.drained()
    bench.loop.pause("mqtt")
    bench.disk_answers.set()
    await bench.settled()
    assert bench.did.count("recorder starts") == 1
    assert bench.did[-1] == "pause settled"
    assert bench.loop.status.state is SessionState.PAUSED


async def test_what_makes_no_sense_is_refused(bench):
    for command in (bench.loop.pause, bench.loop.resume):
        with pytest.raises(NotRecordingError):
            command("mqtt")
    bench.loop.start("panel")
    with pytest.raises(NotPausedError):
        bench.loop.resume("mqtt")
    bench.loop.pause("mqtt")
    with pytest.raises(PausedError):
        bench.loop.pause("mqtt")
    with pytest.raises(PausedError):
        bench.loop.start("mqtt")


async def test_a_press_goes_on_and_a_long_one_toggles(bench):
    await paused(bench)
    bench.loop.press("marker")
    await bench.settled()
    bench.fragment()
    assert bench.loop.status.state is SessionState.RECORDING
    bench.loop.toggle_pause("marker")
    await bench.drained()
    assert bench.loop.status.state is SessionState.PAUSED
    bench.loop.toggle_pause("marker")
    await bench.settled()
    assert bench.loop.status.state is SessionState.STARTING


async def test_a_long_press_without_a_lesson_does_nothing(bench, caplog):
    with caplog.at_level(logging.INFO):
        bench.loop.toggle_pause("marker")
    assert "not-recording" in caplog.text
    assert bench.did == []


async def test_a_paused_lesson_can_be_stopped(bench):
    await paused(bench)
    bench.loop.stop("mqtt")
    await bench.settled()
    assert bench.did[-2:] == ["end decided: stopped", "closed: stopped"]
    assert bench.loop.status.state is SessionState.IDLE


async def test_the_daemon_ends_a_paused_lesson_in_order(bench):
    await paused(bench)
    await asyncio.wait_for(bench.loop.shut_down(), 1)
    assert bench.did[-1] == "closed: shutdown"


async def test_a_forgotten_pause_is_completed(bench):
    await paused(bench)
    bench.clock.now_ns += PAUSE_LIMIT_NS
    bench.loop.check_lamp()
    assert bench.loop.status.state is SessionState.PAUSED
    bench.clock.now_ns += 1
    bench.loop.check_lamp()
    await bench.settled()
    assert bench.did[-1] == "closed: pause-expired"


async def test_a_recovered_pause_waits_and_goes_on(bench):
    plan = LessonPlan("0190", 3, 30)
    bench.plans.append(plan)
    bench.loop.stay_paused("recovery", plan)
    assert bench.loop.status.state is SessionState.PAUSED
    assert bench.did == []
    assert bench.loop.resume("panel") == "0190"
    await bench.settled()
    assert bench.did[-1] == "recorder starts"


async def test_a_pause_that_the_disk_refuses_ends_the_lesson(bench):
    bench.pause_fault = OSError("broken")
    await paused(bench)
    await bench.settled()
    assert bench.did[-1] == "closed: disk-failed"


async def test_a_bookmark_has_the_moment_of_its_command(bench):
    with pytest.raises(NotRecordingError):
        await bench.loop.bookmark("question", "", "mqtt")
    lesson_id = bench.loop.start("panel")
    with pytest.raises(NotRecordingError):
        await bench.loop.bookmark("question", "", "mqtt")
    bench.fragment()
    bench.clock.now_ns = 77
    assert await bench.loop.bookmark("question", "why?", "mqtt") == (lesson_id, 77)
    (_, mark) = bench.marks
    assert (mark.tag, mark.text, mark.given_by) == ("question", "why?", "mqtt")
    bench.loop.stop("panel")
    with pytest.raises(StillStoppingError):
        await bench.loop.bookmark("question", "", "mqtt")
