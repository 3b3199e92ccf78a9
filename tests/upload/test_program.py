"""The uploader as a program, between a real broker and real stores: killed, cut off, restarted, paced, shared."""

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from upload.conftest import BUCKET, Line, s3_client
from upload.fleet import Fleet, Uploaders, broker, s3_store, until

MakeLine = Callable[[int], Line]


@pytest.fixture
def mqtt_port(mosquitto: str, tmp_path: Path) -> Iterator[int]:
    folder = tmp_path / "broker"
    folder.mkdir()
    with broker(mosquitto, folder) as port:
        yield port


@pytest.fixture
def fleet(mqtt_port: int, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(mqtt_port, tmp_path / "media")
    yield made
    made.close()


@pytest.fixture
def make_uploaders(mqtt_port: int, tmp_path: Path) -> Iterator[Callable[[str], Uploaders]]:
    made: list[Uploaders] = []

    def make(store: str) -> Uploaders:
        made.append(Uploaders(tmp_path, mqtt_port, store, f"{tmp_path}/media/{{device}}"))
        return made[-1]

    yield make
    for one in made:
        one.close()


def content(*of: object, size: int = 20_000) -> bytes:
    return hashlib.shake_128(repr(of).encode()).digest(size)


def objects(port: int, prefix: str) -> dict[str, str]:
    """Every object's hash, read from the store itself."""
    client = s3_client(port)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/")
    keys = [one["Key"] for page in pages for one in page.get("Contents", [])]
    return {k: hashlib.sha256(client.get_object(Bucket=BUCKET, Key=k)["Body"].read()).hexdigest() for k in keys}


def expected(fleet: Fleet, prefix: str) -> dict[str, str]:
    name = {True: "manifest.json", False: "segment-{:05d}.mp4"}
    return {
        f"{prefix}/{device}/{lesson}/{name[index < 0].format(index)}": sha256
        for (device, lesson, index), sha256 in fleet.files.items()
    }


def test_segments_and_manifest_are_stored_and_acknowledged_once(
    fleet: Fleet, make_uploaders, s3_port: int, tmp_path: Path
) -> None:
    uploaders = make_uploaders(s3_store(s3_port, tmp_path, "plain"))
    uploaders.start()
    fleet.online("box-1")
    for index in range(3):
        fleet.announce("box-1", "l-1", index, content(index))
    fleet.complete("box-1", "l-1")
    until(fleet.is_stored)
    assert objects(s3_port, "plain") == expected(fleet, "plain")
    assert set(fleet.acked.values()) == {1}
    assert fleet.keys["box-1", "l-1", -1] == "plain/box-1/l-1/manifest.json"
    assert uploaders.stop() == 0


@pytest.mark.parametrize("kind", ["s3", "tus"])
def test_killed_at_any_point_everything_is_there_once_in_the_end(
    kind: str, fleet: Fleet, make_uploaders, make_line: MakeLine, s3_port: int, tus_server, tmp_path: Path
) -> None:
    tus_port, tus_folder = tus_server
    line = make_line(s3_port if kind == "s3" else tus_port)
    store = s3_store(line.port, tmp_path, "killed")
    if kind == "tus":
        store = f'kind = "tus"\nurl = "http://127.0.0.1:{line.port}/files/"\nprefix = "killed"'
    before = set(tus_folder.iterdir())
    uploaders = make_uploaders(store)
    uploaders.start()
    uploaders.kill()
    moments = random.Random(5)
    for index in range(8):
        fleet.announce("box-1", "l-1", index, content(kind, index, size=150_000))
    for _ in range(5):
        uploaders.start(line="rate_kbps = 6000.0")
        reach = line.carried[0] + moments.randrange(20_000, 260_000)
        until(lambda reach=reach: line.carried[0] > reach or fleet.is_stored())
        uploaders.kill()
    uploaders.start()
    until(fleet.is_stored)
    assert not fleet.wrong
    if kind == "s3":
        assert objects(s3_port, "killed") == expected(fleet, "killed")
    else:
        whole = {
            one: one.read_bytes() for one in set(tus_folder.iterdir()) - before if one.is_file() and not one.suffix
        }
        hashes = sorted(hashlib.sha256(data).hexdigest() for data in whole.values() if len(data) == 150_000)
        assert hashes == sorted(fleet.files.values()), "each once, and no second copy"


@pytest.mark.parametrize("kind", ["s3", "tus"])
def test_what_lies_beside_a_segment_is_stored_before_it_is_acknowledged(
    kind: str, fleet: Fleet, make_uploaders, s3_port: int, tus_server, tmp_path: Path
) -> None:
    tus_port, tus_folder = tus_server
    store = s3_store(s3_port, tmp_path, "sound")
    if kind == "tus":
        store = f'kind = "tus"\nurl = "http://127.0.0.1:{tus_port}/files/"'
    make_uploaders(store).start()
    sound = content("sound", kind)
    fleet.announce_with_sound("box-1", "l-1", content("picture"), sound)
    until(fleet.is_stored)
    if kind == "s3":
        key = "sound/box-1/l-1/segment-00000.teacher.m4a"
        assert objects(s3_port, "sound")[key] == hashlib.sha256(sound).hexdigest()
    else:
        assert sound in [one.read_bytes() for one in tus_folder.iterdir() if one.is_file()]


def test_a_device_that_was_away_hears_it_when_it_is_back(
    fleet: Fleet, make_uploaders, s3_port: int, tmp_path: Path
) -> None:
    uploaders = make_uploaders(s3_store(s3_port, tmp_path, "away"))
    fleet.deaf = True
    uploaders.start()
    fleet.online("box-1", "offline")
    fleet.announce("box-1", "l-1", 0, content(0))
    until(lambda: "stored box-1" in uploaders.log())
    uploaders.kill()
    uploaders.start()
    time.sleep(0.5)
    fleet.deaf = False
    fleet.online("box-1")
    until(fleet.is_stored)


def test_an_event_that_is_sent_again_is_acknowledged_again_and_not_uploaded_again(
    fleet: Fleet, make_uploaders, make_line: MakeLine, s3_port: int, tmp_path: Path
) -> None:
    line = make_line(s3_port)
    uploaders = make_uploaders(s3_store(line.port, tmp_path, "again"))
    uploaders.start()
    fleet.announce("box-1", "l-1", 0, content(0))
    until(fleet.is_stored)
    sent = line.carried[0]
    fleet.tell("box-1", "l-1", 0)
    until(lambda: fleet.acked["box-1", "l-1", 0] == 2)
    assert line.carried[0] == sent


def test_a_file_that_is_not_what_was_announced_is_never_acknowledged(
    fleet: Fleet, make_uploaders, s3_port: int, tmp_path: Path
) -> None:
    uploaders = make_uploaders(s3_store(s3_port, tmp_path, "wrong"))
    uploaders.start()
    fleet.announce("box-1", "l-1", 0, content(0), on_disk=content("another"))
    fleet.announce("box-1", "l-1", 1, content(1))
    until(lambda: fleet.acked["box-1", "l-1", 1])
    assert "is not what was announced" in uploaders.log()
    assert not fleet.acked["box-1", "l-1", 0]
    (fleet.root / "box-1" / "l-1" / "segment-00000.mp4").write_bytes(content(0))
    until(fleet.is_stored)


def test_media_that_was_deleted_before_it_was_stored_is_given_up(
    fleet: Fleet, make_uploaders, s3_port: int, tmp_path: Path
) -> None:
    uploaders = make_uploaders(s3_store(s3_port, tmp_path, "deleted"))
    uploaders.start(line="start = 03:00:00\nend = 03:00:01")  # never in a test's hour, but for a second
    fleet.announce("box-1", "l-1", 0, content(0))
    fleet.deleted("box-1", "l-1", 0)
    fleet.announce("box-1", "l-1", 1, content(1))
    time.sleep(0.3)
    uploaders.stop()
    uploaders.start()
    until(fleet.is_stored)
    assert "cannot be read" not in uploaders.log()


def test_events_of_a_time_without_uploader_wait_at_the_broker(
    fleet: Fleet, make_uploaders, s3_port: int, tmp_path: Path
) -> None:
    uploaders = make_uploaders(s3_store(s3_port, tmp_path, "absent"))
    uploaders.start()
    fleet.announce("box-1", "l-1", 0, content(0))
    until(fleet.is_stored)
    assert uploaders.stop() == 0
    for index in range(1, 30):
        fleet.announce("box-1", "l-1", index, content(index, size=100))
    uploaders.start()
    until(fleet.is_stored)


def share_a_fleet(fleet: Fleet, uploaders: Uploaders, devices: int, segments: int, consumers: int) -> None:
    """Everything announced over consumers of one share, one of which dies in the middle and comes back."""
    names = [f"consumer-{n}" for n in range(consumers)]
    for name in names:
        uploaders.start(name, share="uploaders")
    for index in range(segments):
        for number in range(devices):
            fleet.announce(f"box-{number}", f"l-{number}", index, content(number, index, size=600))
        if index == segments // 2:
            uploaders.kill(names[0])
            uploaders.start(names[0], share="uploaders")
    for number in range(devices):
        fleet.complete(f"box-{number}", f"l-{number}")
    until(fleet.is_stored, timeout_s=60 + devices * segments * 0.2)


def test_several_uploaders_share_a_fleet(
    fleet: Fleet, make_uploaders, make_line: MakeLine, s3_port: int, tmp_path: Path
) -> None:
    uploaders = make_uploaders(s3_store(s3_port, tmp_path, "shared"))
    share_a_fleet(fleet, uploaders, devices=12, segments=4, consumers=3)
    check_shared(fleet, uploaders, s3_port, "shared", consumers=3)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_hundred_devices_and_three_uploaders(fleet: Fleet, make_uploaders, s3_port: int, tmp_path: Path) -> None:
    uploaders = make_uploaders(s3_store(s3_port, tmp_path, "fleet"))
    share_a_fleet(fleet, uploaders, devices=200, segments=10, consumers=3)
    check_shared(fleet, uploaders, s3_port, "fleet", consumers=3)


def check_shared(fleet: Fleet, uploaders: Uploaders, s3_port: int, prefix: str, consumers: int) -> None:
    """Nothing is lost, nothing was uploaded twice, and everybody has worked."""
    assert objects(s3_port, prefix) == expected(fleet, prefix)
    logs = [uploaders.log(f"consumer-{n}") for n in range(consumers)]
    stored = [line.split(" key=")[0] for log in logs for line in log.splitlines() if " stored box" in line]
    assert len(stored) - len(set(stored)) <= 1, "but for one that was on its way when a consumer was killed"
    assert all(" stored box" in log for log in logs)
    assert not fleet.wrong
