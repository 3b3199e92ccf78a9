"""The uploader's decisions alone: hours, retries, pace, and what events ask for."""

import hashlib
import json
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followspot_upload.acknowledger import Acknowledger
from followspot_upload.announced import Gone, MediaFile, read_event
from followspot_upload.command import main
from followspot_upload.errors import ConfigurationError, HeldError, MediaError
from followspot_upload.jobs import Jobs, JobState
from followspot_upload.pace import Pace, PacedFile
from followspot_upload.schedule import LAST_RETRY_S, Window, retry_delay_s
from followspot_upload.settings import load
from followspot_upload.uploading import checked

SHIPPED = Path(__file__).parents[2] / "config" / "upload.toml"


@pytest.mark.parametrize(
    ("window", "hour", "is_open"),
    [
        (Window(time(0), time(0)), 12, True),
        (Window(time(15), time(22)), 14, False),
        (Window(time(15), time(22)), 15, True),
        (Window(time(15), time(22)), 22, False),
        (Window(time(15), time(6)), 23, True),
        (Window(time(15), time(6)), 5, True),
        (Window(time(15), time(6)), 6, False),
    ],
)
def test_the_window(window: Window, hour: int, is_open: bool):
    assert window.is_open(time(hour)) is is_open


@given(st.integers(0, 10_000))
def test_retries_grow_to_a_limit_and_are_never_at_one_moment(attempts: int):
    shortest, longest = retry_delay_s(attempts, min), retry_delay_s(attempts, max)
    assert 1 <= shortest < longest <= LAST_RETRY_S
    assert retry_delay_s(attempts + 1, max) >= longest


def test_a_paced_file_takes_the_time_its_rate_says(tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 100)
    now = [0.0]
    pace = Pace(10_000, lambda: True, lambda: now[0])
    waited: list[float] = []

    def wait(timeout: float) -> bool:
        waited.append(timeout)
        now[0] += timeout
        return False

    pace._stopped.wait = wait  # type: ignore[method-assign, assignment]
    with PacedFile(path, pace, start=600, size=20_000) as file:
        assert b"".join(iter(lambda: file.read(1000), b"")) == path.read_bytes()[600:20_600]
    assert sum(waited) == pytest.approx(2.0, abs=0.3)


def test_a_pace_that_is_stopped_or_closed_holds_everything(tmp_path: Path):
    open_now = True
    pace = Pace(1, lambda: open_now)
    pace.take(0)
    open_now = False
    with pytest.raises(HeldError):
        pace.take(0)
    open_now = True
    pace.stop()
    with pytest.raises(HeldError):
        pace.take(1)


def event(kind: str, source: str = "urn:followspot:box-7", **data: object) -> bytes:
    return json.dumps({"type": kind, "source": source, "data": {"lesson_id": "l-1", **data}, "new": 1}).encode()


def test_what_events_ask_for():
    segment = event("segment.ready", index=2, path="l-1/segment-00002.mp4", sha256="ab", size=7, novelty=True)
    assert read_event(segment) == MediaFile("box-7", "l-1", 2, "l-1/segment-00002.mp4", "ab", 7)
    sounds = [{"role": "room", "file": "segment-00002.room.m4a", "sha256": "cd", "size": 3}]
    with_sound = read_event(event("segment.ready", index=2, path="l-1/s.mp4", sha256="ab", size=7, sounds=sounds))
    assert isinstance(with_sound, MediaFile)
    assert with_sound.beside == (MediaFile("box-7", "l-1", 2, "l-1/segment-00002.room.m4a", "cd", 3),)
    further = [{"name": "full", "file": "segment-00002.full.mp4", "sha256": "ef", "size": 9}]
    with_both = read_event(event("segment.ready", index=2, path="l-1/s.mp4", sha256="ab", size=7, renditions=further))
    assert isinstance(with_both, MediaFile)
    assert with_both.beside == (MediaFile("box-7", "l-1", 2, "l-1/segment-00002.full.mp4", "ef", 9, quoted=True),)
    manifest = event("lesson.completed", manifest="l-1/manifest.json", manifest_sha256="cd")
    assert read_event(manifest) == MediaFile("box-7", "l-1", -1, "l-1/manifest.json", "cd", None)
    assert read_event(event("segment.deleted", index=2)) == Gone("box-7", "l-1", 2)
    assert read_event(event("gap")) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b"{}",
        event("segment.ready", index=2),
        event("segment.ready", index=0, path="/etc/passwd", sha256="ab", size=7),
        event("segment.ready", index=0, path="../other/x.mp4", sha256="ab", size=7),
        event("segment.ready", "urn:followspot:..", index=0, path="l/x.mp4", sha256="ab", size=7),
    ],
)
def test_what_cannot_be_read_or_leads_out_of_the_media_is_refused(raw: bytes):
    with pytest.raises(ValueError, match=r"not an event|leads out"):
        read_event(raw)


def test_a_device_that_begins_anew_with_another_file_of_that_name_is_uploaded_again(tmp_path: Path):
    jobs = Jobs(tmp_path)
    jobs.add(MediaFile("box", "l", 0, "l/0", "a" * 64, 5))
    (job,) = jobs.waiting(10)
    jobs.set_place(job, "l/0", "http://tus/1")
    jobs.set_stored(job, "key")
    jobs.set_state(job.id, JobState.DONE)
    jobs.add(MediaFile("box", "l", 0, "l/0", "b" * 64, 6))
    (job,) = jobs.waiting(10)
    assert (job.media.sha256, job.key, jobs.place(job, "l/0")) == ("b" * 64, None, None)
    jobs.close()


@pytest.mark.parametrize("lost", [False, True])
def test_the_hash_of_a_further_picture_is_quoted_if_it_is_stored(lost: bool, tmp_path: Path):
    """A voice is not: boxes that know of no further pictures would not understand it."""
    voice = MediaFile("box", "l", 0, "l/0.room.m4a", "c" * 64, 3)
    full = MediaFile("box", "l", 0, "l/0.full.mp4", "d" * 64, 9, quoted=True)
    sent: list[dict[str, Any]] = []
    jobs = Jobs(tmp_path)
    jobs.add(MediaFile("box", "l", 0, "l/0.mp4", "a" * 64, 5, (voice, full)))
    (job,) = jobs.waiting(10)
    stored = replace(job.media, beside=(voice,) if lost else (voice, full))
    jobs.set_stored(replace(job, media=stored), "key")
    Acknowledger(jobs, "s3://b", lambda _, payload, __: sent.append(json.loads(payload)), lambda: 0.0)._send_due()
    quoted = {} if lost else {"beside": ["d" * 64]}
    assert sent == [
        {"lesson_id": "l", "store": "s3://b", "segments": [{"index": 0, "sha256": "a" * 64, "key": "key", **quoted}]}
    ]
    jobs.close()


def test_the_shipped_file_is_right(tmp_path: Path):
    settings = load(SHIPPED)
    assert settings.store.kind == "s3"
    assert settings.line.rate_kbps == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("store = 1", "store"),
        ("[store]\nkind = 's3'", "needs a bucket"),
        ("[store]\nkind = 'tus'", "needs a url"),
        ("[store]\nbucket = 'b'\naccess_key = 'k'", "go together"),
        ("[store]\nbucket = 'b'\n[line]\nspeed = 1", "line.speed"),
        ("[store", "not TOML"),
    ],
)
def test_a_wrong_file_is_told_by_its_key(tmp_path: Path, text: str, said: str, capsys):
    file = tmp_path / "upload.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        load(file)
    assert main(["--config", str(file)]) == 2
    assert said in capsys.readouterr().err


def test_a_secret_that_everyone_may_read_is_refused(tmp_path: Path, capsys):
    secret, file = tmp_path / "secret", tmp_path / "upload.toml"
    secret.write_text("hush")
    secret.chmod(0o644)
    file.write_text(f"[store]\nbucket = 'b'\naccess_key = 'k'\nsecret_file = '{secret}'\n")
    assert main(["--config", str(file), "--check"]) == 2
    told = capsys.readouterr().err
    assert "chmod o-r" in told
    assert "hush" not in told
    secret.chmod(0o640)
    assert main(["--config", str(file), "--check"]) == 0


def test_a_file_is_looked_for_in_the_fallback_folder_too(tmp_path: Path):
    media = MediaFile("box", "l", 0, "l/0.mp4", hashlib.sha256(b"here").hexdigest(), 4)
    roots = [tmp_path / "media", tmp_path / "fallback"]
    with pytest.raises(MediaError, match=r"media/l/0\.mp4 cannot be read"):
        checked(roots, media)
    (roots[1] / "l").mkdir(parents=True)
    (roots[1] / "l" / "0.mp4").write_bytes(b"here")
    assert checked(roots, media).path == roots[1] / "l" / "0.mp4"
