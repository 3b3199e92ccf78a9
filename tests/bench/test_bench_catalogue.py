"""The boxes full of segments that the bench measures beside: they must be sound, and none of it may be deleted."""

from pathlib import Path

from followspot.domain.acknowledgement import Acknowledgement, StoredSegment
from followspot_sim.bench import catalogue
from support.storagelab import WALL, Box, opened


async def test_the_daemon_finds_a_filled_box_sound_and_takes_acknowledgements(tmp_path: Path) -> None:
    box = Box(tmp_path)
    async with opened(box):
        pass
    catalogue.fill(tmp_path / "state/followspot.db", box.media, 250, WALL)
    async with opened(box) as (storage, _):
        assert [finding async for finding in storage.reconcile()] == []
        assert await storage.pending(0, 1) == []
        first = catalogue._lesson_id(0)
        segments = (StoredSegment(index=0, sha256=catalogue.SHA256, key="elsewhere"),)
        assert await storage.acknowledge(Acknowledgement(lesson_id=first, store="bench", segments=segments)) == 1
        await storage.tend()
    assert len(list(box.media.glob("*/segment-*.mp4"))) == 250
