"""Microphones that are not there, break off, return or have a wrong name: told clearly, and the lesson goes on."""

import functools
import threading
import time

import pytest

from followspot.domain.gaps import GapReason
from followspot.domain.recording import LessonPlan
from followspot.domain.sound import Carrier, MicrophoneRole
from followspot.media import alsa
from followspot.media.notices import (
    MicrophoneLost,
    MicrophoneOpened,
    RecorderStopped,
    RecordingStarted,
    SoundLevels,
)
from followspot.media.source import Source
from followspot.settings.models import CameraSettings, MicrophoneSettings

PCM = """\
00-00: bcm2835 Headphones : bcm2835 Headphones : playback 8
01-00: USB Audio : USB Audio : playback 1 : capture 1
02-00: Radio Receiver : Radio Receiver : capture 1
"""


@pytest.fixture
def asound(tmp_path):
    folder = tmp_path / "asound"
    for card in ("card0", "card1", "card2", "Radio"):
        (folder / card).mkdir(parents=True)
    (folder / "pcm").write_text(PCM)
    (tmp_path / "alsa.conf").touch()
    return folder


@pytest.mark.parametrize("device", ["hw:1,0", "plughw:2", "hw:Radio,0", "hw:CARD=Radio,DEV=0", "default", "mixed"])
def test_a_device_that_may_be_there_is_opened(device, asound, tmp_path):
    assert alsa.what_is_wrong(device, asound, tmp_path) is None


@pytest.mark.parametrize(("device", "card"), [("hw:3,0", "3"), ("plughw:USB", "USB"), ("hw:CARD=Nope,DEV=0", "Nope")])
def test_a_wrong_card_is_named_beside_those_that_record(device, card, asound, tmp_path):
    told = alsa.what_is_wrong(device, asound, tmp_path)
    assert told == f"there is no sound card {card}; here are hw:1,0 (USB Audio), hw:2,0 (Radio Receiver)"


def test_without_any_card_or_configuration(tmp_path):
    assert "libasound2-data" in alsa.what_is_wrong("hw:1,0", tmp_path, tmp_path)
    (tmp_path / "alsa.conf").touch()
    assert "no device that records sound is plugged in" in alsa.what_is_wrong("hw:1,0", tmp_path, tmp_path)


class Once:
    """Reads one packet, as a microphone's reader would."""

    def __init__(self):
        self.source = None
        self.done = threading.Event()
        self.reason = ""

    def read(self, container):
        next(self.source.packets(container, container.streams.audio[0]))
        self.source.stop()
        self.done.set()

    def lost(self, reason):
        self.reason = reason
        self.done.set()


def opened(kind, device, clock):
    reader = Once()
    reader.source = Source(kind, "test-source", device, clock, reader)
    reader.source.start()
    assert reader.done.wait(5)
    reader.source.stop()
    assert reader.source.join(5)
    return reader.reason


def test_an_alsa_device_is_opened_as_on_the_box(clock, tmp_path, monkeypatch):
    """ALSA's own `null` needs no sound card, and gives silence."""
    (tmp_path / "asound.conf").write_text("pcm.null { type null }\n")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    assert opened("microphone", MicrophoneSettings(url="null", options={"channels": "1"}), clock) == ""


def test_a_wrong_alsa_name_says_which_key_to_look_at(clock):
    told = opened("room_microphone", MicrophoneSettings(url="hw:77,0"), clock)
    assert told.startswith("room microphone hw:77,0: ")
    assert "[room_microphone] url" in told


def test_the_camera_s_driver_takes_our_options(clock, tmp_path):
    """A file is no camera: but it is the driver that must say so, not the reading of our options."""
    (tmp_path / "video0").touch()
    told = opened("camera", CameraSettings(url=str(tmp_path / "video0")), clock)
    assert "inappropriate ioctl" in told


def test_the_room_microphone_carries_the_lesson_while_the_teachers_is_away(
    show, serve, make_settings, recorder, notices, sink, av_offsets_s
):
    dying = serve(functools.partial(show.microphone, packets=200))
    room = serve(functools.partial(show.microphone, ppm=100.0))
    settings = make_settings(serve(show.camera).url, dying.url, room_microphone={"url": room.url, "format": "nut"})
    r = recorder(settings)
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    assert notices.wait(MicrophoneLost).role is MicrophoneRole.TEACHER
    notices.wait(MicrophoneOpened, 3)  # both, and the teacher's again
    time.sleep(1.2)
    r.stop()
    notices.wait(RecorderStopped)
    assert {gap.reason for gap in sink.gaps} == {GapReason.ROOM_SOUND}
    assert Carrier.TEACHER in {levels.carrier for levels in notices.of(SoundLevels)}
    offsets = av_offsets_s(sink)
    assert max(map(abs, offsets)) < 0.005, "in step throughout"


def test_a_microphone_with_a_long_delay_is_waited_for(
    show, serve, make_settings, recorder, notices, sink, av_offsets_s
):
    """The camera is prompt, the sound half a second late, as from some receivers of network sound."""
    microphone = serve(functools.partial(show.microphone, late_s=0.5))
    settings = make_settings(serve(show.camera).url, microphone.url, microphone={"latency_ms": 500.0})
    r = recorder(settings)
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(4)
    r.stop()
    notices.wait(RecorderStopped)
    assert not sink.gaps
    offsets = av_offsets_s(sink)
    assert len(offsets) >= 2
    assert max(map(abs, offsets)) < 0.005
