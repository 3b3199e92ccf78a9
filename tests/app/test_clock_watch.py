"""The clock watch: corrections are asked for when the clock is set, after a step, and until they were made."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from followspot.app.clock_watch import ClockWatch
from followspot.domain.errors import StorageError


@dataclass
class Machine:
    """Clock, boot and storage in one, moved by hand."""

    synced: bool = False
    wall: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    age_ns: int = 5_000_000_000
    disk_refuses: bool = False
    corrections: int = 0
    watch: ClockWatch = field(init=False)

    def __post_init__(self) -> None:
        self.watch = ClockWatch(self, self, self.correct)

    def monotonic_ns(self) -> int:
        return self.age_ns

    def utc_now(self) -> datetime:
        return self.wall

    def boot_id(self) -> str:
        return "boot-1"

    def boottime_ns(self) -> int:
        return self.age_ns

    def clock_synced(self) -> bool:
        return self.synced

    async def correct(self) -> None:
        if self.disk_refuses:
            raise StorageError("no space left")
        self.corrections += 1

    async def later(self, seconds: float, step: timedelta = timedelta()) -> None:
        self.age_ns += int(seconds * 1e9)
        self.wall += timedelta(seconds=seconds) + step
        await self.watch.look()


async def test_nothing_is_corrected_before_the_clock_is_set() -> None:
    machine = Machine()
    await machine.later(2)
    await machine.later(2, step=timedelta(hours=3))
    assert (machine.corrections, machine.watch.synced) == (0, False)
    machine.synced = True
    await machine.later(2)
    await machine.later(2)
    assert (machine.corrections, machine.watch.synced) == (1, True)


async def test_a_start_with_a_set_clock_corrects_what_an_earlier_one_left() -> None:
    machine = Machine(synced=True)
    await machine.later(2)
    assert machine.corrections == 1


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_step_while_the_clock_is_set_is_looked_at(hours: int) -> None:
    machine = Machine(synced=True)
    await machine.later(2)
    await machine.later(2, step=timedelta(milliseconds=200))
    assert machine.corrections == 1, "slewing is no step"
    await machine.later(2, step=timedelta(hours=hours))
    assert machine.corrections == 2


async def test_what_the_disk_refuses_is_tried_again() -> None:
    machine = Machine(synced=True, disk_refuses=True)
    await machine.later(2)
    machine.disk_refuses = False
    await machine.later(2)
    await machine.later(2)
    assert machine.corrections == 1
