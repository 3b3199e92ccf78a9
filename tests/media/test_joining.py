"""Segments play alone, join exactly, and keep sound and picture together."""

import functools
import itertools
import shutil
import subprocess
import time
from pathlib import Path

import av
import numpy as np
import pytest

from followspot.domain.recording import LessonPlan
from followspot.media.notices import RecorderStopped, RecordingStarted
from followspot.media.recorder import Recorder
from followspot.storage.boxes import walk

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def record(recorder, notices, sink, seconds, plan=None):
    recorder.start(plan or LessonPlan("lesson"), sink)
    notices.wait(RecordingStarted)
    time.sleep(seconds)
    recorder.stop()
    stopped = notices.wait(RecorderStopped)
    assert recorder.join(2)
    return stopped


def packets(path: Path, kind: str):
    """(pts, duration) of the stream's packets."""
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return [(p.pts, p.duration) for p in container.demux(stream) if p.size]


@pytest.fixture(scope="module")
def sink(kit, clock, make_settings, tmp_path_factory):
    """A lesson of some segments with a steady tone; its last notice is kept as `sink.stopped`."""
    show, sink, notices = kit.Show(), kit.FileSink(tmp_path_factory.mktemp("joining")), kit.Notices()
    servers = [kit.NutServer(show.camera), kit.NutServer(functools.partial(show.microphone, tone_hz=440.0))]
    settings = make_settings(servers[0].url, servers[1].url)
    sink.stopped = record(Recorder(settings, clock, kit.FixedPlanner(), notices), notices, sink, 5)
    for server in servers:
        server.close()
    assert len(sink.ends) >= 3
    return sink


def test_pictures_and_sound_join_without_gap_or_overlap(sink):
    for kind in ("video", "audio"):
        track = [p for path in sink.paths for p in packets(path, kind)]
        steps = [b[0] - (a[0] + a[1]) for a, b in itertools.pairwise(track)]
        assert set(steps) == {0}, kind
        assert track[0][0] == 0
    for end, path in zip(sink.ends, sink.paths, strict=True):
        video = packets(path, "video")
        assert end.frames == len(video)
        assert end.start_ns == video[0][0] * 1_000_000_000 // 90_000
        assert packets(path, "audio")[0][0] * 90_000 >= video[0][0] * 48_000
    assert sink.stopped.media_end_ns == sink.ends[-1].start_ns + sink.ends[-1].duration_ns
    assert sink.stopped.frames == sum(e.frames for e in sink.ends) == len(sink.framing)
    assert [e.last for e in sink.ends] == [False] * (len(sink.ends) - 1) + [True]
    assert not sink.gaps


def test_a_tone_runs_through_the_boundaries(sink, decoded_sound):
    sound = decoded_sound(sink.paths)[4800:-4800]
    # The second difference of a sine is its own, scaled: what is left over is a jump.
    omega = 2 * np.pi * 440 / 48_000
    rest = sound[2:] + sound[:-2] - 2 * np.cos(omega) * sound[1:-1]
    assert np.abs(sound).max() > 0.4
    assert np.abs(rest).max() < 0.05


@needs_ffmpeg
def test_every_segment_decodes_alone_without_a_warning(sink):
    for path in sink.paths:
        command = ["ffmpeg", "-v", "warning", "-xerror", "-i", str(path), "-f", "null", "-"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert (done.returncode, done.stderr) == (0, "")
        probe = ["ffprobe", "-v", "error", "-show_entries", "stream=color_space,color_range,has_b_frames", str(path)]
        told = subprocess.run(probe, capture_output=True, text=True, timeout=30).stdout
        assert "color_space=bt709" in told
        assert "color_range=tv" in told
        assert "has_b_frames=0" in told


def test_fragments_come_in_time(sink):
    times = [t for index, _, t in sink.fragments if index == 0]
    assert len(times) >= 4
    assert max(b - a for a, b in itertools.pairwise(times)) < 0.9e9


def test_the_tracks_are_named_as_browsers_want_them(sink):
    video, sound = sink.ends[0].tracks
    assert video.codec.startswith("avc1.64")
    with sink.paths[0].open("rb") as file:  # as salvage names them after a crash
        assert walk(file, sink.paths[0].stat().st_size).tracks == sink.ends[0].tracks
    assert (video.width, video.height, video.timescale) == (320, 180, 90_000)
    assert (sound.codec, sound.sample_rate_hz, sound.channels) == ("mp4a.40.2", 48_000, 1)


def test_flash_and_beep_stay_together_with_a_fast_and_a_slow_microphone(
    kit, serve, make_settings, clock, tmp_path, av_offsets_s
):
    show = kit.Show()
    camera = serve(show.camera), serve(show.camera)
    runs = []
    for url, ppm in zip((server.url for server in camera), (-200.0, 200.0), strict=True):
        microphone = serve(functools.partial(show.microphone, ppm=ppm, jitter_s=0.03))
        folder = tmp_path / str(ppm)
        folder.mkdir()
        notices, sink = kit.Notices(), kit.FileSink(folder)
        recorder = Recorder(make_settings(url, microphone.url), clock, kit.FixedPlanner(), notices)
        recorder.start(LessonPlan("lesson"), sink)
        runs.append((recorder, notices, sink))
    time.sleep(10)
    for recorder, notices, sink in runs:
        recorder.stop()
        notices.wait(RecorderStopped)
        assert recorder.join(2)
        offsets = av_offsets_s(sink)
        assert len(offsets) >= 7
        assert max(map(abs, offsets)) < 0.005, offsets


def test_a_lesson_goes_on_where_it_stopped(kit, show, serve, make_settings, clock, planner, notices, tmp_path):
    sink = kit.FileSink(tmp_path)
    camera = serve(show.camera)
    recorder = Recorder(make_settings(camera.url), clock, planner, notices)
    first = record(recorder, notices, sink, 1)
    notices.all.clear()
    plan = LessonPlan("lesson", first_index=1, media_start_ns=first.media_end_ns)
    record(recorder, notices, sink, 1, plan)
    assert [e.index for e in sink.ends] == [0, 1]
    assert sink.ends[1].start_ns == first.media_end_ns
    last_pts, last_duration = packets(sink.path(0), "video")[-1]
    assert packets(sink.path(1), "video")[0][0] == last_pts + last_duration


def test_cut_anywhere_it_plays_to_the_last_whole_fragment(sink):
    data = sink.path(0).read_bytes()
    sizes = [size for index, size, _ in sink.fragments if index == 0]
    whole = np.cumsum(sizes)
    for cut in np.random.default_rng(1).integers(whole[0] + 1, len(data), 12):
        kept = int(whole[whole <= cut].max())
        path = sink.folder / "cut.mp4"
        path.write_bytes(data[:kept])
        with av.open(str(path)) as container:
            frames = sum(1 for _ in container.decode(video=0))
        assert frames >= 7 * int(np.searchsorted(whole, kept) + 1)
