"""A command with an id is carried out once: at the same time, later, and after a restart."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from followspot.app.once import Once
from followspot.control.refusals import NotRecordingError
from followspot.domain.commands import Answer, Command, StopCommand, parse_command
from followspot.storage.answers import KEPT
from support.storagelab import Box, opened


@dataclass
class Office:
    """Carries commands out, slowly, and counts them."""

    did: list[str | None] = field(default_factory=list)

    async def take(self, command: Command, source: str) -> Answer:
        await asyncio.sleep(0)
        self.did.append(command.id)
        if isinstance(command, StopCommand):
            raise NotRecordingError("no lesson is being recorded")
        return Answer(id=command.id, accepted=True, code="ok", text=f"done for {source}", data={"n": len(self.did)})


def start(command_id: str | None) -> Command:
    return parse_command((f'{{"id":"{command_id}"}}' if command_id else "{}").encode(), "start")


async def test_the_same_command_again_gets_the_same_answer(tmp_path: Path) -> None:
    box, office = Box(tmp_path), Office()
    async with opened(box) as (storage, _):
        once = Once(office.take, storage)
        first, twin = await asyncio.gather(once.take(start("a"), "mqtt"), once.take(start("a"), "command-line"))
        assert first == twin
        await once.take(start(None), "mqtt")
        await once.take(start(None), "mqtt")
        refused = await once.take(parse_command(b'{"id":"a"}', "stop"), "mqtt")
        assert (refused.code, refused.id) == ("not-recording", "a")
        await once.take(parse_command(b'{"id":"s"}', "status"), "mqtt")
        await once.take(parse_command(b'{"id":"s"}', "status"), "mqtt")
    assert office.did == ["a", None, None, "a", "s", "s"]

    async with opened(box) as (storage, _):
        once = Once(office.take, storage)
        await once.recall()
        assert await once.take(start("a"), "mqtt") == first
        assert await once.take(parse_command(b'{"id":"a"}', "stop"), "mqtt") == refused
    assert len(office.did) == 6


async def test_only_the_newest_answers_are_kept(tmp_path: Path) -> None:
    async with opened(Box(tmp_path)) as (storage, _):
        for number in range(KEPT + 10):
            storage.keep_answer("start", str(number), "{}")
        kept = await storage.answers()
    assert [command_id for _, command_id, _ in kept] == [str(number) for number in range(10, KEPT + 10)]
