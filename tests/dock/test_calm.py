"""Between lessons a driver tells of pose and markers a dozen times a second, and notices everything else as ever."""

from typing import Any

from dock.table import MS, Table
from followspot_dock import ButtonPress, LinkChanged, LinkState, MarkerButton, MarkerReport, Pose
from followspot_dock.host import CALM_HEARTBEAT_NS, LATE_NS
from followspot_dock.session_dock import CALM_TICK_S
from followspot_dock.thinning import CALM_NS
from followspot_sim.sight import MarkerSight, Sight

SECOND_MS = 1000


def told_a_second(table: Table) -> tuple[int, list[int]]:
    """Poses, and reports of each marker."""
    table.events.clear()
    table.run_ms(SECOND_MS)
    reports = table.of(MarkerReport)
    ids = sorted({report.marker_id for report in reports})
    return len(table.of(Pose)), [sum(report.marker_id == one for report in reports) for one in ids]


def test_few_of_the_frequent_reports_are_told_of_every_marker_and_all_in_a_lesson() -> None:
    table = Table()
    table.sights.append(MarkerSight(2, Sight(-30.0, 5.0, 3.0, True)))
    table.run_ms(500)
    assert told_a_second(table) == (50, [30, 30])
    table.host.calm = True
    poses, reports = told_a_second(table)
    assert 12 <= poses <= 14
    assert all(10 <= count <= 11 for count in reports)
    assert len(reports) == 2
    assert table.host.trouble is None, "what is not told was heard"
    table.host.calm = False
    assert told_a_second(table) == (50, [30, 30])


def test_what_comes_once_is_told_at_once() -> None:
    table = Table()
    table.run_ms(500)
    table.host.calm = True
    table.run_ms(500)
    table.events.clear()
    table.dock.press("short", table.now_ns)
    table.run_ms(20)
    assert [event.press for event in table.of(MarkerButton)] == [ButtonPress.SHORT]


def test_a_dock_that_falls_silent_is_noticed_within_half_a_second_however_late_it_is_read() -> None:
    table = Table()
    table.run_ms(500)
    table.host.calm = True
    table.host.heard_late = True
    read_ns = table.now_ns + round(CALM_TICK_S * 1e9)  # what came last is read a tick later, and judged by the next
    table.run_ms(80)
    limit_ns = CALM_HEARTBEAT_NS - LATE_NS
    assert table.host.fault(read_ns + limit_ns - 20 * MS) is None
    assert "sent nothing for 0.5 s" in str(table.host.fault(read_ns + limit_ns + MS))
    assert limit_ns + 2 * CALM_TICK_S * 1e9 <= 500 * MS


async def pose_period_ns(rig: Any, heard: Any) -> float:
    """The mean time between the next poses."""
    before = len(heard.of(Pose))
    await rig.until(lambda: len(heard.of(Pose)) >= before + 6)
    poses = heard.of(Pose)[before:]
    return float(poses[-1].time_ns - poses[0].time_ns) / (len(poses) - 1)


async def test_the_serial_driver_rests_between_lessons_and_is_awake_in_one(rig: Any, heard: Any) -> None:
    async with rig.plugged(), rig.driver(heard) as dock:
        dock.lesson(False)
        assert await pose_period_ns(rig, heard) > CALM_NS / 2
        rig.sim.press("short")
        await rig.until(lambda: heard.of(MarkerButton))
        dock.lesson(True)
        assert await pose_period_ns(rig, heard) < CALM_NS / 2


async def test_a_cable_that_is_pulled_while_the_driver_rests_is_noticed(rig: Any, heard: Any) -> None:
    async with rig.plugged(), rig.driver(heard) as dock:
        dock.lesson(False)
        rig.sim.unplug()
        await rig.until(lambda: dock.link is not LinkState.READY)
        assert any("hung up" in change.reason for change in heard.of(LinkChanged))
        rig.sim.replug()
        await rig.until(lambda: dock.link is LinkState.READY)
        assert await pose_period_ns(rig, heard) > CALM_NS / 2, "it rests again"
