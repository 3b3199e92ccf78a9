"""docs/events.md: the consumer that it shows, run as it stands there by a program that knows nothing else."""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from followspot.domain.commands import COMMAND_NAMES, Answer, RepublishCommand
from followspot.domain.events import SegmentReady, event_models
from followspot.domain.republish import Republished
from followspot.domain.segments import ClockState

Until = Callable[..., Awaitable[None]]
DOCUMENT = Path(__file__).parents[2] / "docs" / "events.md"


def segment_ready(index: int) -> SegmentReady:
    return SegmentReady(
        lesson_id="l-1",
        index=index,
        path=f"l-1/segment-{index:05d}.mp4",
        size=1,
        sha256="ab" * 32,
        start_ns=0,
        duration_ns=0,
        timescale=90_000,
        start_ticks=0,
        duration_ticks=0,
        started=datetime(2026, 3, 2, tzinfo=UTC),
        clock=ClockState.SYNCED,
        boot_id="b",
        frames=1,
        last=False,
        tracks=(),
    )


@pytest.mark.parametrize("forgotten", [(), (3,)], ids=["all is kept", "one is forgotten"])
async def test_the_documented_consumer_finds_out_what_it_missed_and_catches_up(
    broker, make_box, until: Until, tmp_path: Path, forgotten: tuple[int, ...]
) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    (tmp_path / "consumer.py").write_text(program)

    async def send_again(command) -> Answer:
        assert isinstance(command, RepublishCommand)
        assert command.from_sequence is not None
        first = command.from_sequence

        async def put_back() -> Republished:
            box.outbox.marked = [one for one in box.outbox.marked if one < first or one in forgotten]
            return Republished(1, first, len(box.outbox.rows), "epoch-a")

        await box.bus.republish(put_back)
        data: dict[str, object] = {"epoch": "epoch-a", "oldest": max((0, *forgotten)) + 1}
        return Answer(id=command.id, accepted=True, code="ok", text="", data=data)

    box = make_box(broker.port, send_again)
    await until(lambda: box.bus.status()["connected"])
    consumer = await asyncio.create_subprocess_exec(
        sys.executable, str(tmp_path / "consumer.py"), str(broker.port), stdout=asyncio.subprocess.PIPE
    )
    assert consumer.stdout is not None
    lines: list[str] = []

    async def listen() -> None:
        async for line in consumer.stdout:
            lines.append(line.decode())

    listening = asyncio.create_task(listen())
    try:
        await asyncio.sleep(0.5)
        box.outbox.add(2, segment_ready(0))
        box.bus.wake()
        await until(lambda: len(lines) == 2)
        # two events that the broker acknowledged and lost
        box.outbox.add(2, segment_ready(1))
        box.outbox.marked += [3, 4]
        box.outbox.add(1, segment_ready(2))
        box.bus.wake()
        await until(lambda: len(lines) == 5)  # with the word that one is forgotten in that one's place
    finally:
        consumer.terminate()
        await consumer.wait()
        await listening
    found = [line.strip() if "forgotten" in line else line.split()[1] for line in lines]
    assert found == ["0", "0", "forgotten by the box 3 3" if forgotten else "1", "1", "2"]


def test_the_document_names_every_event_and_every_command() -> None:
    text = DOCUMENT.read_text()
    assert [model.type for model in event_models() if f"`{model.type}`" not in text] == []
    assert [name for name in COMMAND_NAMES if f"`{name}`" not in text] == []
