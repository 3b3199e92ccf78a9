"""A laboratory for storage: small real media, a box around one Storage, disks that fail, kill or forget."""

import errno
import io
import json
import os
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np

from followspot.domain.events import EventData, EventStamp, OutboxMessage
from followspot.domain.recording import LessonOrigin, LessonPlan, RenditionSink, SegmentEnd, SegmentSink, TrackInfo
from followspot.domain.rendition import RenditionName
from followspot.settings.models import PathSettings, RecordingSettings, RetentionSettings, Settings, ViewSettings
from followspot.storage.disk import Disk
from followspot.storage.notices import StorageNotice
from followspot.storage.recovery import Recovery
from followspot.storage.reserve import RESERVE_FILE
from followspot.storage.storage import QUEUE_LIMIT_BYTES, Storage

LESSON = "0198c0de-0000-7000-8000-000000000001"
RATE_HZ, SEGMENT_S, FRAGMENT_S = 10, 2, 0.5
WIDTH, HEIGHT, SOUND_HZ, TICKS = 160, 96, 48_000, 90_000
MOVFLAGS = "frag_keyframe+empty_moov+default_base_moof+frag_discont"
WALL = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class RealClock:
    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def utc_now(self) -> datetime:
        return WALL


@dataclass
class SetClock(RealClock):
    """Wall time as it is set."""

    wall: datetime = WALL

    def utc_now(self) -> datetime:
        return self.wall


@dataclass
class FakeBoot:
    """A machine whose age is set by hand: real time plus `skew_ns`."""

    id: str = "boot-1"
    skew_ns: int = 0
    synced: bool = True

    def clock_synced(self) -> bool:
        return self.synced

    def boot_id(self) -> str:
        return self.id

    def boottime_ns(self) -> int:
        return time.monotonic_ns() + self.skew_ns


def render(event: EventData, stamp: EventStamp) -> OutboxMessage:
    """A payload that tells everything, deterministic apart from the stamp."""
    data = {
        "id": stamp.id,
        "epoch": stamp.epoch,
        "sequence": stamp.sequence,
        "type": event.type,
        "data": event.model_dump(mode="json"),
    }
    return OutboxMessage(f"test/event/{event.type}", json.dumps(data).encode())


@dataclass(frozen=True)
class Segment:
    """A segment as the recorder hands it over: the init segment travels with the first fragment."""

    fragments: tuple[bytes, ...]
    end: SegmentEnd

    @property
    def whole(self) -> bytes:
        return b"".join(self.fragments)


def make_media(segments: int, first: int = 0) -> list[Segment]:
    """Segments that join: one encoder pair, time stamps going on."""
    with av.open(io.BytesIO(), "w", format="mp4") as shell:
        video: Any = shell.add_stream("libx264", rate=RATE_HZ, width=WIDTH, height=HEIGHT, pix_fmt="yuv420p")
        video.codec_context.time_base = Fraction(1, TICKS)
        video.options = {"preset": "ultrafast", "tune": "zerolatency", "bf": "0"}
        sound: Any = shell.add_stream("aac", rate=SOUND_HZ, layout="mono")
        shell.start_encoding()
        return [
            _segment(video, sound, index, last=index == first + segments - 1)
            for index in range(first, first + segments)
        ]


def _segment(video: Any, sound: Any, index: int, *, last: bool) -> Segment:
    target = io.BytesIO()
    options = {
        "movflags": MOVFLAGS,
        "frag_duration": str(int(FRAGMENT_S * 1e6)),
        "use_editlist": "0",
        "avoid_negative_ts": "disabled",
        "video_track_timescale": str(TICKS),
    }
    with av.open(target, "w", format="mp4", options=options) as out:
        video_out, sound_out = out.add_stream_from_template(video), out.add_stream_from_template(sound)
        packets = [(p, video_out) for p in _video_packets(video, index)] + [
            (p, sound_out) for p in _sound_packets(sound, index)
        ]
        for packet, stream in sorted(packets, key=lambda item: (item[0].dts * item[0].time_base, item[1].index)):
            packet.stream = stream
            out.mux_one(packet)
    end = SegmentEnd(index, index * SEGMENT_S * 10**9, SEGMENT_S * 10**9, SEGMENT_S * RATE_HZ, last, tracks())
    return Segment(tuple(_fragments(target.getvalue())), end)


def tracks() -> tuple[TrackInfo, ...]:
    """What every test segment states."""
    return (
        TrackInfo("video", "avc1.42c00a", TICKS, width=WIDTH, height=HEIGHT),
        TrackInfo("audio", "mp4a.40.2", SOUND_HZ, sample_rate_hz=SOUND_HZ, channels=1),
    )


def _video_packets(video: Any, index: int) -> Iterator[Any]:
    for n in range(index * SEGMENT_S * RATE_HZ, (index + 1) * SEGMENT_S * RATE_HZ):
        frame = av.VideoFrame.from_ndarray(np.full((HEIGHT * 3 // 2, WIDTH), n * 7 % 200 + 20, np.uint8), "yuv420p")
        frame.pts, frame.time_base = n * TICKS // RATE_HZ, Fraction(1, TICKS)
        frame.pict_type = (
            av.video.frame.PictureType.I if n % (SEGMENT_S * RATE_HZ) == 0 else av.video.frame.PictureType.NONE
        )
        for packet in video.codec_context.encode(frame):
            packet.duration = TICKS // RATE_HZ
            yield packet


def _sound_packets(sound: Any, index: int) -> Iterator[Any]:
    per_segment = SEGMENT_S * SOUND_HZ // 1024
    for n in range(index * per_segment, (index + 1) * per_segment):
        tone = np.sin(np.arange(n * 1024, (n + 1) * 1024) * 0.05).astype(np.float32)[None]
        frame = av.AudioFrame.from_ndarray(tone, "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_HZ, n * 1024, Fraction(1, SOUND_HZ)
        yield from (packet for packet in sound.codec_context.encode(frame) if packet.pts >= 0)


def _fragments(data: bytes) -> Iterator[bytes]:
    start = position = 0
    while position < len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        position += size
        if kind == b"mdat" and position < len(data):
            yield data[start:position]
            start = position
    yield data[start:]


def origin(clock: RealClock | None = None) -> LessonOrigin:
    """A first frame, taken now."""
    return LessonOrigin((clock or RealClock()).monotonic_ns(), WALL, WIDTH, HEIGHT)


def give(sink: SegmentSink, segment: Segment) -> None:
    """Hand a whole segment over, a framing line with each fragment."""
    sink.open_segment(segment.end.index, segment.end.start_ns)
    for n, fragment in enumerate(segment.fragments):
        pts_ns = segment.end.start_ns + round(n * FRAGMENT_S * 1e9)
        sink.write_framing(f'{{"pts_ns":{pts_ns},"segment":{segment.end.index},"n":{n}}}\n'.encode())
        sink.write_fragment(segment.end.index, fragment)
    sink.finish_segment(segment.end)


def give_full(full: RenditionSink, segment: Segment, fragments: int | None = None) -> None:
    """Hand the full picture of a segment over: the same media, or the first fragments of it."""
    full.open_segment(segment.end.index)
    for fragment in segment.fragments[:fragments]:
        full.write_fragment(segment.end.index, fragment)
    full.finish_segment(segment.end.index)


@dataclass
class Box:
    """One Storage on a folder, and all that it told."""

    root: Path
    disk: Disk = field(default_factory=Disk)
    boot: FakeBoot = field(default_factory=FakeBoot)
    clock: Any = field(default_factory=RealClock)
    queue_limit_bytes: int = QUEUE_LIMIT_BYTES
    resume_within_min: float = 10
    width: int = WIDTH
    picture: Literal["framed", "full", "both"] = "framed"
    on_outbox: Callable[[], None] = lambda: None
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    has_fallback: bool = False
    notices: list[StorageNotice] = field(default_factory=list)

    @property
    def media(self) -> Path:
        return self.root / "media"

    @property
    def lesson(self) -> Path:
        return self.media / LESSON

    def storage(self) -> Storage:
        settings = Settings(
            paths=PathSettings(
                media=self.media,
                fallback=self.root / "fallback" if self.has_fallback else None,
                state=self.root / "state",
                runtime=self.root / "run",
            ),
            recording=RecordingSettings(
                picture=self.picture,
                segment_s=SEGMENT_S,
                fragment_s=FRAGMENT_S,
                reserve_mb=1,
                resume_within_min=self.resume_within_min,
            ),
            retention=self.retention,
            view=ViewSettings(width=self.width, height=HEIGHT),
        )
        return Storage(
            settings,
            self.clock,
            render,
            self.notices.append,
            self.on_outbox,
            disk=self.disk,
            boot=self.boot,
            queue_limit_bytes=self.queue_limit_bytes,
        )

    def told(self, kind: type[Any]) -> list[Any]:
        """The notices of a kind."""
        return [notice for notice in self.notices if isinstance(notice, kind)]


@asynccontextmanager
async def opened(box: Box) -> AsyncIterator[tuple[Storage, Recovery]]:
    """The box's storage, open, and what its start found."""
    storage = box.storage()
    recovery = await storage.open()
    try:
        yield storage, recovery
    finally:
        await storage.close()


async def events(storage: Storage) -> list[dict[str, Any]]:
    """All that waits in the outbox, oldest first."""
    return [json.loads(entry.payload) for entry in await storage.pending(0, 10_000)]


async def record_lesson(box: Box, media: list[Segment], reason: str = "stopped") -> Recovery:
    """The whole life of a box: open, record on or anew, complete, close."""
    async with opened(box) as (storage, recovery):
        sink = storage.lesson_sink(recovery.resume or LessonPlan(LESSON), "test")
        full = sink.rendition(RenditionName.FULL)
        sink.begin(origin())
        for segment in media:
            give(sink, segment)
            if segment.end.renditions:
                give_full(full, segment)
        await storage.complete_lesson(LESSON, reason)
    return recovery


def decoded_frames(ffmpeg: str, playlist: Path) -> int:
    """Pictures in a full decode that must be silent about errors."""
    command = [
        ffmpeg,
        "-v",
        "error",
        "-i",
        str(playlist),
        "-map",
        "0:v",
        "-f",
        "framemd5",
        "-",
        "-map",
        "0:a",
        "-f",
        "null",
        "-",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""
    return sum(1 for line in done.stdout.splitlines() if line and not line.startswith("#"))


OPERATIONS = (
    *("create", "append", "write", "sync", "truncate", "rename", "sync_folder"),
    *("make_folder", "remove", "remove_folder", "allocate"),
)


class CountingDisk(Disk):
    """Calls `before(n, name)` and `after(n, name)` around the n-th operation, counted from 1; close never counts."""

    def __init__(self) -> None:
        self.count = 0

    def __getattribute__(self, name: str) -> Any:
        attribute = super().__getattribute__(name)
        if name not in OPERATIONS:
            return attribute

        def counted(*args: Any) -> Any:
            self.count += 1
            number = self.count
            self.before(number, name, *args)
            result = attribute(*args)
            self.after(number, name)
            return result

        return counted

    def before(self, number: int, name: str, *args: Any) -> None:
        """To be overridden."""

    def after(self, number: int, name: str) -> None:
        """To be overridden."""


class FaultyDisk(CountingDisk):
    """From the `first` operation on, `length` operations fail with `error`; a failing write leaves half behind.

    A full disk has room again once the reserve is removed, as a real one has.
    """

    def __init__(self, error: int, first: int, length: int = 1_000_000) -> None:
        super().__init__()
        self.error, self.first, self.length = error, first, length
        self.failed: list[str] = []

    def before(self, number: int, name: str, *args: Any) -> None:
        if name == "remove" and self.error == errno.ENOSPC and args[0].name == RESERVE_FILE and args[0].exists():
            self.length = 0  # from here on there is room
        if name in ("remove", "remove_folder") or not self.first <= number < self.first + self.length:
            return
        if self.error == errno.ENOSPC and name in ("sync", "rename", "truncate", "sync_folder"):
            return  # needs no new space
        self.failed.append(name)
        if name == "write":
            fd, data = args
            os.write(fd, data[: len(data) // 2])
        raise OSError(self.error, os.strerror(self.error))


class KillingDisk(CountingDisk):
    """SIGKILL to this very process, before or after the n-th operation; a killed write has written half."""

    def __init__(self, number: int, *, late: bool) -> None:
        super().__init__()
        self.number, self.late = number, late

    def before(self, number: int, name: str, *args: Any) -> None:
        if number == self.number and not self.late:
            if name == "write":
                fd, data = args
                os.write(fd, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)

    def after(self, number: int, name: str) -> None:
        if number == self.number and self.late:
            os.kill(os.getpid(), signal.SIGKILL)


class PowerCutDisk(KillingDisk):
    """Dies after the n-th operation and leaves a journal, from which `power_cut` forgets what was not synced."""

    def __init__(self, number: int, journal: Path) -> None:
        super().__init__(number, late=True)
        self.journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.entry: list[str] = []

    def before(self, number: int, name: str, *args: Any) -> None:
        first = os.readlink(f"/proc/self/fd/{args[0]}") if name in ("write", "sync") else str(args[0])
        self.entry = [name, first, str(args[1])] if name == "rename" else [name, first]

    def after(self, number: int, name: str) -> None:
        entry = [*self.entry, str(os.stat(self.entry[1]).st_size)] if name in ("sync", "truncate") else self.entry
        os.write(self.journal, f"{json.dumps(entry)}\n".encode())
        super().after(number, name)


def power_cut(journal: Path) -> None:
    """Make the media what the worst power cut leaves: no content and no name that was not synced."""
    lengths: dict[Path, int] = {}
    names: list[tuple[Path, Path | None]] = []
    for line in journal.read_text().splitlines():
        name, first, *rest = json.loads(line)
        path = Path(first)
        if name in ("create", "append"):
            lengths[path] = 0
        if name in ("create", "append", "make_folder"):
            names.append((path, None))
        elif name in ("sync", "truncate"):
            lengths[path] = int(rest[0])
        elif name == "rename":
            names.append((Path(rest[0]), path))
            lengths[Path(rest[0])] = lengths.pop(path)
        elif name == "sync_folder":
            names = [entry for entry in names if entry[0].parent != path]
    forget(lengths, names)


def forget(lengths: dict[Path, int], names: list[tuple[Path, Path | None]]) -> None:
    """Cut contents to what was synced, then undo the names that were not, newest first."""
    for path, length in lengths.items():
        if path.exists():
            os.truncate(path, length)
    for name, before in reversed(names):
        if not name.exists():
            continue
        if before is not None:
            name.rename(before)
        elif name.is_dir():
            shutil.rmtree(name)
        else:
            name.unlink()
