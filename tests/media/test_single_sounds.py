"""Two microphones are also kept each by itself, in files that go on from segment to segment as the first track does."""

import functools
import io
import itertools
import time

import av
import numpy as np
import pytest

from followspot.domain.recording import LessonPlan
from followspot.domain.sound import MicrophoneRole
from followspot.media.notices import RecorderStopped, RecordingStarted

TEACHER_HZ, ROOM_HZ = 440.0, 1000.0


def share(sound, hz):
    """How much of a tone there is in the sound."""
    return float(2 * np.abs(np.mean(sound * np.exp(-2j * np.pi * hz * np.arange(len(sound)) / 48_000))))


def decoded(parts):
    """The packets' (pts, duration), and their sound through one decoder."""
    times, packets, template = [], [], None
    for part in parts:
        with av.open(io.BytesIO(part.data)) as container:
            stream = container.streams.audio[0]
            template = template or stream.codec_context.extradata
            for packet in container.demux(stream):
                if packet.size:
                    times.append((packet.pts, packet.duration))
                    packets.append(bytes(packet))
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = template
    frames = [frame.to_ndarray()[0] for data in packets for frame in decoder.decode(av.Packet(data))]
    return times, np.concatenate(frames)


@pytest.fixture
def record(show, serve, make_settings, recorder, notices, sink):
    def run(mute_after_s=None, **room):
        teacher = serve(functools.partial(show.microphone, tone_hz=TEACHER_HZ))
        other = serve(functools.partial(show.microphone, tone_hz=ROOM_HZ))
        tables = {"room_microphone": {"url": other.url, "format": "nut", **room}}
        r = recorder(make_settings(serve(show.camera).url, teacher.url, **tables))
        r.start(LessonPlan("x"), sink)
        notices.wait(RecordingStarted)
        time.sleep(2.4 if mute_after_s is None else mute_after_s)
        if mute_after_s is not None:
            r.mute(True)
            time.sleep(1)
        r.stop()
        notices.wait(RecorderStopped)
        return sink

    return run


def test_each_microphone_has_a_file_beside_every_segment(record):
    sink = record()
    assert len(sink.ends) >= 2
    for end in sink.ends:
        assert [part.role for part in end.sounds] == list(MicrophoneRole)
    for role, own, other in zip(MicrophoneRole, (TEACHER_HZ, ROOM_HZ), (ROOM_HZ, TEACHER_HZ), strict=True):
        times, sound = decoded([part for end in sink.ends for part in end.sounds if part.role is role])
        assert {late[0] - early[0] - early[1] for early, late in itertools.pairwise(times)} == {0}, "no gap, no overlap"
        assert times[0][0] == 0
        steady = sound[24_000:72_000]
        assert share(steady, own) > 0.4
        assert share(steady, other) < 0.01
    for end, path in zip(sink.ends, sink.paths, strict=True):
        with av.open(str(path)) as container, av.open(io.BytesIO(end.sounds[0].data)) as single:
            mixed, alone = (c.demux(c.streams.audio[0]) for c in (container, single))
            assert [p.pts for p in mixed if p.size] == [p.pts for p in alone if p.size], "cut where the segment is"


def test_what_is_muted_is_in_no_file(record):
    sink = record(mute_after_s=1.0)
    for role in MicrophoneRole:
        _, sound = decoded([part for end in sink.ends for part in end.sounds if part.role is role])
        assert np.abs(sound[24_000:40_000]).max() > 0.3
        assert np.abs(sound[-24_000:]).max() < 1e-3


def test_single_files_can_be_switched_off(record):
    sink = record(mute_after_s=0.2, single_files=False)
    assert [end.sounds for end in sink.ends] == [()] * len(sink.ends)
