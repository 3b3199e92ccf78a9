"""What the uploader hears: an event counts only on the topics of the device that it is of."""

import json
from pathlib import Path

import pytest

from followspot_upload.command import Uploader
from followspot_upload.settings import MediaSettings, Settings, StoreSettings

FILE = {"lesson_id": "l-1", "index": 0, "path": "l-1/segment-00000.mp4", "sha256": "0" * 64, "size": 5}


@pytest.fixture
def uploader(tmp_path: Path):
    made = Uploader(
        Settings(store=StoreSettings(bucket="b"), media=MediaSettings(root=str(tmp_path), state=tmp_path / "state"))
    )
    yield made
    made.jobs.close()


def told(uploader: Uploader, device: str, kind: str, *, by: str) -> None:
    event = {"type": kind, "source": f"urn:followspot:{device}", "data": FILE}
    uploader._on_message(f"followspot/v1/{by}/event/{kind}", json.dumps(event).encode(), None)


def test_no_device_speaks_for_another(uploader: Uploader, caplog) -> None:
    told(uploader, "box-1", "segment.ready", by="box-1")
    told(uploader, "box-1", "segment.deleted", by="box-2")
    told(uploader, "box-3", "segment.ready", by="box-2")
    assert uploader.jobs.counts() == {"waiting": 1}
    assert "an event of 'box-1' on the topic of 'box-2'" in caplog.text


def test_an_event_of_endless_depth_is_passed_over(uploader: Uploader, caplog) -> None:
    uploader._on_message("followspot/v1/box-1/event/segment.ready", b"[" * 60_000, None)
    assert "passed over" in caplog.text
