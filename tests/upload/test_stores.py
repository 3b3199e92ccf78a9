"""Both protocols against servers of somebody else's: whole, resumed, cut at any byte, held, and never twice."""

import itertools
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from followspot_upload.errors import HeldError, TransferError
from followspot_upload.pace import Pace
from followspot_upload.settings import StoreSettings
from followspot_upload.stores.s3 import S3Store
from followspot_upload.stores.tus import TusStore
from upload.conftest import BUCKET, File, Line, s3_client, s3_settings, unpaced

PART = 1000
MakeFile = Callable[..., File]
MakeLine = Callable[[int], Line]


def s3_objects(port: int, prefix: str) -> dict[str, bytes]:
    client = s3_client(port)
    keys = [one["Key"] for one in client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]
    return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def s3_unfinished(port: int, prefix: str) -> list[str]:
    answer = s3_client(port).list_multipart_uploads(Bucket=BUCKET, Prefix=prefix)
    return [one["Key"] for one in answer.get("Uploads", [])]


@pytest.mark.parametrize("size", [1, PART, PART + 1, 3 * PART, 3 * PART + 1])
def test_s3_any_size_arrives_whole_and_is_not_sent_again(
    s3_port: int, tmp_path: Path, make_file: MakeFile, make_line: MakeLine, size: int
) -> None:
    line = make_line(s3_port)
    store = S3Store(s3_settings(line.port, tmp_path, f"size-{size}"), PART)
    file = make_file(size)
    key = store.put(file.media, file.source, unpaced(), file.note)
    assert s3_objects(s3_port, f"size-{size}/") == {key: file.content}
    assert key == f"size-{size}/box-7/l-1/segment-00000.mp4"
    assert s3_unfinished(s3_port, f"size-{size}/") == []
    sent = line.carried[0]
    assert store.put(file.media, file.source, unpaced(), file.note) == key
    assert line.carried[0] - sent < 1000, "it was only asked for"


@pytest.mark.parametrize("way", ["sent", "received"])
def test_s3_cut_at_any_byte_it_is_there_once_in_the_end(
    s3_port: int, tmp_path: Path, make_file: MakeFile, make_line: MakeLine, way: str
) -> None:
    line = make_line(s3_port)
    for cut in itertools.count(1, 797):
        store = S3Store(s3_settings(line.port, tmp_path, f"{way}-{cut}"), PART)
        file = make_file(3 * PART + 7, name=f"segment-{cut:05d}.mp4")
        line.cut(**{way: cut})
        try:
            store.put(file.media, file.source, unpaced(), file.note)
        except TransferError:
            assert line.was_cut
        if not line.was_cut:
            break
        key = store.put(file.media, file.source, unpaced(), file.note)
        assert s3_objects(s3_port, f"{way}-{cut}/") == {key: file.content}
        assert s3_unfinished(s3_port, f"{way}-{cut}/") == []
    assert cut > 2000, "every request was cut somewhere"


def test_s3_sends_no_part_twice(s3_port: int, tmp_path: Path, make_file: MakeFile, make_line: MakeLine) -> None:
    line = make_line(s3_port)
    part = 64 * 1024
    store = S3Store(s3_settings(line.port, tmp_path, "parts"), part)
    file = make_file(8 * part)
    line.cut(sent=6 * part)
    with pytest.raises(TransferError):
        store.put(file.media, file.source, unpaced(), file.note)
    line.carried[0] = 0
    store.put(file.media, file.source, unpaced(), file.note)
    assert line.carried[0] < 3.5 * part


def test_s3_a_stored_object_that_is_another_is_replaced(s3_port: int, tmp_path: Path, make_file: MakeFile) -> None:
    store = S3Store(s3_settings(s3_port, tmp_path, "other"), PART)
    file = make_file(100)
    s3_client(s3_port).put_object(Bucket=BUCKET, Key="other/box-7/l-1/segment-00000.mp4", Body=b"something else")
    key = store.put(file.media, file.source, unpaced(), file.note)
    assert s3_objects(s3_port, "other/") == {key: file.content}


def test_s3_a_bucket_that_is_not_there_is_told(s3_port: int, tmp_path: Path, make_file: MakeFile) -> None:
    settings = s3_settings(s3_port, tmp_path).model_copy(update={"bucket": "nowhere"})
    file = make_file(100)
    with pytest.raises(TransferError, match="nowhere"):
        S3Store(settings).put(file.media, file.source, unpaced(), file.note)


def tus_store(port: int) -> TusStore:
    return TusStore(StoreSettings(kind="tus", url=f"http://127.0.0.1:{port}/files/"), PART)


def tus_content(folder: Path, key: str) -> bytes:
    return (folder / key.rstrip("/").rpartition("/")[2]).read_bytes()


def test_tus_a_file_arrives_whole_and_is_not_sent_again(
    tus_server: tuple[int, Path], make_file: MakeFile, make_line: MakeLine
) -> None:
    port, folder = tus_server
    line = make_line(port)
    file = make_file(3 * PART + 7)
    key = tus_store(line.port).put(file.media, file.source, unpaced(), file.note)
    assert tus_content(folder, key) == file.content
    sent = line.carried[0]
    assert tus_store(line.port).put(file.media, file.source, unpaced(), file.note) == key
    assert line.carried[0] - sent < 1500, "it was only asked for"
    assert file.note.was_set == 1


@pytest.mark.parametrize("way", ["sent", "received"])
def test_tus_cut_at_any_byte_it_goes_on_where_the_server_is(
    tus_server: tuple[int, Path], make_file: MakeFile, make_line: MakeLine, way: str
) -> None:
    port, folder = tus_server
    line = make_line(port)
    for cut in itertools.count(1, 397):
        file = make_file(3 * PART + 7, name=f"segment-{cut:05d}.mp4")
        line.cut(**{way: cut})
        try:
            tus_store(line.port).put(file.media, file.source, unpaced(), file.note)
        except TransferError:
            assert line.was_cut
        if not line.was_cut:
            break
        key = tus_store(line.port).put(file.media, file.source, unpaced(), file.note)
        assert tus_content(folder, key) == file.content
        assert file.note.was_set == 1 or cut < 1000, "one upload, once its place is known"
    assert cut > 1000, "every request was cut somewhere"


def test_tus_an_upload_that_the_server_has_forgotten_begins_anew(
    tus_server: tuple[int, Path], make_file: MakeFile
) -> None:
    port, folder = tus_server
    file = make_file(PART)
    file.note.place = f"http://127.0.0.1:{port}/files/{'0' * 32}"
    key = tus_store(port).put(file.media, file.source, unpaced(), file.note)
    assert tus_content(folder, key) == file.content


@pytest.mark.parametrize("kind", ["s3", "tus"])
def test_a_store_that_is_not_there_is_a_failed_transfer(kind: str, tmp_path: Path, make_file: MakeFile) -> None:
    file = make_file(100)
    store = S3Store(s3_settings(9, tmp_path)) if kind == "s3" else tus_store(9)
    with pytest.raises(TransferError, match=r"127\.0\.0\.1:9"):
        store.put(file.media, file.source, unpaced(), file.note)


@pytest.mark.parametrize("kind", ["s3", "tus"])
def test_an_upload_that_is_held_goes_on_later(
    kind: str, s3_port: int, tus_server: tuple[int, Path], tmp_path: Path, make_file: MakeFile
) -> None:
    answers = iter([True, False])
    held = Pace(0, lambda: next(answers))
    file = make_file(3 * PART, lesson=f"held-{kind}")
    store = S3Store(s3_settings(s3_port, tmp_path), PART) if kind == "s3" else tus_store(tus_server[0])
    with pytest.raises(HeldError):
        store.put(file.media, file.source, held, file.note)
    key = store.put(file.media, file.source, unpaced(), file.note)
    if kind == "s3":
        assert s3_objects(s3_port, key) == {key: file.content}
    else:
        assert tus_content(tus_server[1], key) == file.content


@pytest.mark.parametrize("kind", ["s3", "tus"])
def test_no_file_is_ever_held_in_memory(
    kind: str, s3_port: int, tus_server: tuple[int, Path], tmp_path: Path, make_file: MakeFile
) -> None:
    store = (
        S3Store(s3_settings(s3_port, tmp_path, "large"))
        if kind == "s3"
        else TusStore(StoreSettings(kind="tus", url=f"http://127.0.0.1:{tus_server[0]}/files/"))
    )
    file = make_file(12_000_000)
    warm_up = make_file(10, name="small.mp4")
    store.put(warm_up.media, warm_up.source, unpaced(), warm_up.note)
    tracemalloc.start()
    try:
        store.put(file.media, file.source, unpaced(), file.note)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000
