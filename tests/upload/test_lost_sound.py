"""A single microphone's file that is lost on the box: the pictures leave it all the same."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from followspot_upload.announced import MediaFile
from followspot_upload.jobs import Jobs, JobState
from followspot_upload.pace import Pace
from followspot_upload.uploading import Uploading


class Store:
    """Takes everything."""

    name = "s3://b"

    def __init__(self) -> None:
        self.taken: list[str] = []

    def put(self, media: MediaFile, *_: object) -> str:
        self.taken.append(media.path)
        return media.name


def announced(path: str, content: bytes, beside: tuple[MediaFile, ...] = ()) -> MediaFile:
    return MediaFile("box-7", "l-1", 0, path, hashlib.sha256(content).hexdigest(), len(content), beside)


@pytest.fixture
def upload(tmp_path: Path) -> Callable[[], tuple[Store, Jobs]]:
    def run() -> tuple[Store, Jobs]:
        jobs, store = Jobs(tmp_path / "state"), Store()
        sounds = (announced("l-1/teacher.m4a", b"hers"), announced("l-1/room.m4a", b"theirs"))
        jobs.add(announced("l-1/segment.mp4", b"pictures", sounds))
        pace = Pace(0, lambda: True)
        uploading = Uploading(jobs, store, pace, lambda _: [tmp_path], lambda: uploading.stop(), lambda: 0.0)
        uploading._upload(jobs.waiting(1)[0])
        return store, jobs

    return run


def test_what_is_there_is_stored(upload, tmp_path: Path) -> None:
    (tmp_path / "l-1").mkdir()
    (tmp_path / "l-1/segment.mp4").write_bytes(b"pictures")
    (tmp_path / "l-1/room.m4a").write_bytes(b"theirs")
    store, jobs = upload()
    assert store.taken == ["l-1/room.m4a", "l-1/segment.mp4"]
    assert jobs.counts() == {JobState.STORED: 1}
    jobs.close()


def test_without_the_disk_nothing_is(upload) -> None:
    store, jobs = upload()
    assert store.taken == []
    assert jobs.counts() == {JobState.WAITING: 1}
    jobs.close()
