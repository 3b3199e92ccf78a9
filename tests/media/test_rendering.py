"""A lesson that was recorded whole is framed again: the teacher in the middle, every time stamp and sound as it was."""

import errno
import math
from datetime import UTC, datetime
from fractions import Fraction

import av
import numpy as np
import pytest

from followspot.app import rendering
from followspot.app.rendering import RenderError, render_lesson
from followspot.cli.main import main
from followspot.domain.body import Body
from followspot.domain.geometry import Aim, Bearing, Lens
from followspot.domain.recording import LessonPlan
from followspot.domain.segments import ClockState, Manifest, ManifestSegment, track_of
from followspot.domain.shots import ShotName
from followspot.domain.statement import LessonDetails
from followspot.domain.view import FramedView, Rect, TrackingState
from followspot.media.encode import EncodeLoop
from followspot.media.framequeue import CapturedFrame, FrameQueue
from followspot.media.mixingdesk import SoundInputs
from followspot.media.mute import MuteSwitch
from followspot.media.view import plane_view

S = 1_000_000_000
RATE_HZ, SECONDS = 10, 5
WIDTH, HEIGHT = 640, 360
LENS, BODY = Lens(WIDTH, HEIGHT, 62.0), Body(1.70, 1.35)
STILL = Aim(0.0, 0.0)


class StandingClock:
    def monotonic_ns(self):
        return S

    def utc_now(self):
        return datetime(2026, 1, 2, tzinfo=UTC)


def place(time_s):
    """She walks from left to right; for a second nobody knows where she is."""
    return Bearing(-15.0 + 6.0 * time_s, 2.0)


class Watching:
    def view_at(self, exposure_ns, sensor_width, sensor_height):
        time_s = (exposure_ns - S) / S
        chest = place(time_s)
        if 2.0 < time_s < 3.0:
            chest, state = Bearing(25.0, -4.0), TrackingState.COASTING
        else:
            state = TrackingState.TRACKING
        box = BODY.bust(LENS, STILL, chest, 4.0)
        return FramedView(Rect(0, 0, 320, 180), state, 0.0, 0.0, chest.azimuth_deg, chest.elevation_deg, box)


def picture(time_s):
    """Grey, with a bright patch where her head is."""
    box = BODY.bust(LENS, STILL, place(time_s), 4.0)
    image = np.full((HEIGHT * 3 // 2, WIDTH), 90, np.uint8)
    image[HEIGHT:] = 128
    x, y = round(box.centre[0]), round(box.y)
    image[max(y, 0) : y + 8, x - 4 : x + 4] = 235
    frame = av.VideoFrame.from_ndarray(image, "yuv420p")
    frame.time_base = Fraction(1, 90_000)
    return frame


@pytest.fixture
def lesson(kit, sink, notices, make_settings):
    """The folder of a lesson and its settings."""

    def record(kind):
        settings = make_settings(
            "tcp://127.0.0.1:9",
            camera={"rate_hz": RATE_HZ},
            encoder={"preset": "ultrafast"},
            recording={"picture": kind},
        )
        queue = FrameQueue(RATE_HZ * SECONDS)
        for n in range(RATE_HZ * SECONDS):
            queue.put(CapturedFrame(picture(n / RATE_HZ), S + n * S // RATE_HZ, S + n * S // RATE_HZ))
        queue.close()
        sounds = SoundInputs(None, None, MuteSwitch())
        EncodeLoop(
            *(settings, StandingClock(), Watching(), notices), *(LessonPlan("lesson"), sink, queue, sounds)
        ).run()
        write_lesson(sink)
        return sink.folder, settings

    return record


def write_lesson(sink):
    """What storage writes beside the segments."""
    started, ends = datetime(2026, 1, 2, tzinfo=UTC), sink.ends
    segments = tuple(
        ManifestSegment(
            index=end.index,
            file=path.name,
            size=path.stat().st_size,
            sha256="0" * 64,
            start_ns=end.start_ns,
            duration_ns=end.duration_ns,
            frames=end.frames,
            started=started,
            clock=ClockState.SYNCED,
            boot_id="b",
        )
        for end, path in zip(ends, sink.paths, strict=True)
    )
    manifest = Manifest(
        lesson_id="lesson",
        device_id="box",
        started=started,
        clock=ClockState.SYNCED,
        details=LessonDetails(),
        reason="stopped",
        segments=segments,
        gaps=(),
        bookmarks=(),
        width=sink.origin.width,
        height=sink.origin.height,
        duration_ns=sum(end.duration_ns for end in ends),
        tracks=tuple(track_of(info) for info in ends[0].tracks),
    )
    (sink.folder / "manifest.json").write_bytes(manifest.to_bytes())
    (sink.folder / "framing.jsonl").write_bytes(b"".join(sink.framing))
    entries = "".join(f"#EXTINF:{end.duration_ns / S:.6f},\nsegment-{end.index:05d}.mp4\n" for end in ends)
    head = '#EXTM3U\n#EXT-X-MAP:URI="segment-00000.mp4",BYTERANGE="1@0"\n'
    (sink.folder / "playlist.m3u8").write_text(f"{head}{entries}#EXT-X-ENDLIST\n")


def stamps(path):
    """Stream kind, time stamp and length of every packet."""
    with av.open(str(path)) as container:
        return sorted(
            (p.stream.type, p.pts, p.duration, p.size if p.stream.type == "audio" else 0)
            for p in container.demux()
            if p.pts is not None
        )


def heads(path):
    """Where the bright patch is in each picture, as shares of it."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            luma = plane_view(frame, 0).astype(int)
            assert luma.shape == (180, 320)
            rows, columns = np.nonzero(luma > 170)
            found.append((columns.mean() / 320, rows.mean() / 180) if len(rows) else (math.nan, math.nan))
    return np.array(found)


def test_she_is_in_the_middle_even_where_she_was_lost_and_all_times_stay(lesson):
    folder, settings = lesson("full")
    told = []
    target = render_lesson(folder, settings, ShotName.KNEES, lambda done, total: told.append((done, total)))
    assert target == folder / "render-knees"
    names = [f"segment-{n:05d}.mp4" for n in range(3)]
    for name in names:
        assert stamps(target / name) == stamps(folder / name)
    where = np.vstack([heads(target / name) for name in names])
    assert np.all(np.abs(where[:, 0] - 0.5) < 0.12)
    assert np.all((where[:, 1] > 0.05) & (where[:, 1] < 0.3))
    assert np.max(np.abs(np.diff(where[:, 0], 2))) < 0.03, "she walks steadily, so the view does"
    assert told[-1] == (RATE_HZ * SECONDS, RATE_HZ * SECONDS)
    playlist = (target / "playlist.m3u8").read_text()
    start = int(playlist.split('BYTERANGE="')[1].split("@")[0])
    assert (target / names[0]).read_bytes()[start + 4 : start + 8] == b"moof"
    assert playlist.count("#EXTINF") == 3


def test_an_interrupted_run_goes_on_behind_the_last_whole_segment(lesson, monkeypatch):
    folder, settings = lesson("full")
    target = folder / "render-waist"
    real = rendering.render_segment

    class Killed(BaseException):
        pass

    def dies(source, part, *rest):
        if source.name == "segment-00001.mp4":
            part.write_bytes(b"half")
            raise Killed
        real(source, part, *rest)

    monkeypatch.setattr(rendering, "render_segment", dies)
    with pytest.raises(Killed):
        render_lesson(folder, settings, ShotName.WAIST, lambda *_: None)
    first = (target / "segment-00000.mp4").stat().st_mtime_ns
    monkeypatch.undo()
    told = []
    render_lesson(folder, settings, ShotName.WAIST, lambda done, total: told.append(done))
    assert told[0] == 20, "the first segment is done already"
    assert (target / "segment-00000.mp4").stat().st_mtime_ns == first
    assert not list(target.glob("*.part"))
    other = settings.model_copy(update={"view": settings.view.model_copy(update={"max_upscale": 2.0})})
    render_lesson(folder, other, ShotName.WAIST, lambda *_: None)
    assert (target / "segment-00000.mp4").stat().st_mtime_ns != first, "another recipe begins anew"


def test_what_cannot_be_rendered_is_said(lesson, monkeypatch):
    folder, settings = lesson("full")

    def refused(match):
        with pytest.raises(RenderError, match=match):
            render_lesson(folder, settings, ShotName.WAIST, lambda *_: None)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(rendering, "render_segment", full)
        refused("is full: make room and give the same command again")
    (folder / "segment-00001.mp4").rename(folder / "away")
    refused("segment-00001.mp4 is not there")
    (folder / "segment-00001.mp4").write_bytes(b"no media")
    refused("segment-00001.mp4 cannot be read")
    (folder / "framing.jsonl").unlink()
    refused("without a framing track")
    (folder / "manifest.json").unlink()
    refused("no lesson's folder, or the lesson is not completed")


def test_a_framed_lesson_is_refused(lesson):
    folder, settings = lesson("framed")
    with pytest.raises(RenderError, match="was recorded framed"):
        render_lesson(folder, settings, ShotName.WAIST, lambda *_: None)


def test_the_command_names_the_shots_and_takes_a_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("os.nice", lambda _: 0)  # it would last for all tests to come
    config = tmp_path / "followspot.toml"
    config.write_text("")
    with pytest.raises(SystemExit) as ended:
        main(["render", str(tmp_path), "--shot", "close", "--config", str(config)])
    assert ended.value.code == 2
    assert "full-body" in capsys.readouterr().err
    assert main(["render", str(tmp_path), "--config", str(config)]) == 1
    assert "it is no lesson's folder" in capsys.readouterr().err
