"""Waiting with a limit, on every Python we run on."""

import asyncio

import pytest

from followspot_dock.waiting import within


async def test_what_ends_in_time_is_returned_and_what_fails_fails():
    assert await within(5.0, asyncio.sleep(0, "done")) == "done"

    async def fail():
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        await within(5.0, fail())


async def test_what_takes_too_long_is_cancelled_and_has_ended():
    ended = []

    async def take_long():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    with pytest.raises(TimeoutError):
        await within(0.01, take_long())
    assert ended


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancellation_is_never_swallowed(turns):
    """It comes so many turns of the loop after the end of what is waited for."""
    over = asyncio.Event()

    async def work():
        await within(5.0, over.wait())
        await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.01)
    over.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait((task,), timeout=5)
    assert task.cancelled()
