"""The whole product in real time: a lesson that ends up in a store, and one that ends before its disk is full."""

import hashlib
from pathlib import Path

import pytest

from support.lessons import lesson_of, standing, start, stop, wait_event
from upload.conftest import BUCKET, s3_client
from upload.fleet import Uploaders, s3_store

pytestmark = pytest.mark.scenario


def test_a_lesson_is_in_the_store_soon_after_its_end(make_stage, s3_port: int, tmp_path: Path) -> None:
    stage = make_stage()
    stage.start()
    uploaders = Uploaders(tmp_path, stage.broker.port, s3_store(s3_port, tmp_path, "whole"), str(stage.media))
    try:
        uploaders.start()
        start(stage)
        wait_event(stage, "segment.stored")
        stop(stage)
        wait_event(stage, "lesson.stored")
    finally:
        uploaders.close()
    (stored,) = stage.listener.events("lesson.stored")
    (completed,) = stage.listener.events("lesson.completed")
    assert stored["data"]["segments"] == completed["data"]["segments"]
    manifest = s3_client(s3_port).get_object(Bucket=BUCKET, Key=stored["data"]["key"])["Body"].read()
    assert hashlib.sha256(manifest).hexdigest() == completed["data"]["manifest_sha256"]
    assert stage.listener.state()["disk_minutes_left"] > 0
    assert not standing(stage)


def test_a_lesson_ends_in_order_before_its_disk_is_full(
    make_stage, ffprobe: str, tmp_path: Path, private_tmpfs
) -> None:
    stage = make_stage(
        tables={
            "recording": {"reserve_mb": 1},
            "encoder": {"bitrate_kbps": 2000},
            "retention": {"warn_min": 100.0, "start_min": 0.35, "end_min": 0.3},
        },
        media=tmp_path / "media",
    )
    stage.options.daemon_prefix = private_tmpfs(stage.media, "8m")
    stage.start()
    stage.wait_for("the alert disk-low", lambda: "disk-low" in standing(stage), 15)
    start(stage)
    wait_event(stage, "lesson.completed", timeout_s=60)
    lesson = lesson_of(stage)
    lesson.check_files()
    lesson.check_plays(ffprobe)
    assert lesson.manifest["reason"] == "disk-full"
    assert "disk-full" not in standing(stage), "nothing failed: it was foreseen"
    assert "no lesson begins" in standing(stage)["no-room"]
    answer = stage.command("start")
    assert (answer["accepted"], answer["code"]) == (False, "disk-full")
