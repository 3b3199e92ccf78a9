"""Eight hours of virtual time: sound stays where it was captured, whatever clocks and cables do, and never clicks."""

import random

import av
import numpy as np
import pytest

from followspot.media.audio import Placer
from followspot.media.drift import ArrivalClock
from followspot.media.encoder import MATRIX_BT709, EncoderPair
from followspot.media.mixingdesk import MixingDesk, SoundInputs
from followspot.media.mute import MuteSwitch
from followspot.media.sound import SoundTrack, sample_at

NS, MS = 1_000_000_000, 1_000_000
RATE = 48_000
HOURS_8_S = 8 * 3600


class Device:
    """When a device with a clock of its own, on a bus that hiccups, hands over its packets."""

    def __init__(self, ppm, seed):
        self.rate_hz = RATE * (1 + ppm * 1e-6)
        self._spread = random.Random(seed)
        self._held_until_ns = 0

    def captured_ns(self, sample):
        return 5 * NS + round(sample / self.rate_hz * NS)

    def arrival_ns(self, samples):
        """Of the packet that ends after `samples`: late by milliseconds, and now and then by up to 150."""
        due_ns = self.captured_ns(samples) + round(self._spread.expovariate(1 / (3 * MS)))
        if self._spread.random() < 0.001:
            due_ns += self._spread.randrange(20 * MS, 150 * MS)
        self._held_until_ns = max(self._held_until_ns, due_ns)
        return self._held_until_ns


@pytest.mark.parametrize("ppm", [-200, 200])
def test_eight_hours_stay_within_milliseconds(ppm):
    device, clock, worst_ns = Device(ppm, 3), ArrivalClock(RATE), 0
    packet = RATE // 20
    for samples in range(packet, HOURS_8_S * RATE, packet):
        clock.observe(samples, device.arrival_ns(samples))
        if clock.settled:
            worst_ns = max(worst_ns, abs(clock.time_ns(samples) - device.captured_ns(samples)))
    assert worst_ns < 5 * MS


def packets(device, seconds, packet, hz):
    """A steady tone as the device captures it: (first sample, frame, arrival) of each packet."""
    for first in range(0, round(seconds * RATE), packet):
        times_s = device.captured_ns(0) / NS + np.arange(first, first + packet) / device.rate_hz
        wave = (0.4 * np.sin(2 * np.pi * hz * times_s)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(wave.reshape(1, -1), "flt", "mono")
        frame.sample_rate = RATE
        yield first, frame, device.arrival_ns(first + packet)


def placed(placer, frame, arrival_ns):
    """What the capture gives once this packet has come."""
    return [*placer.place([frame], arrival_ns), *placer.placed()]


def deviation(sound, hz):
    """The largest deviation from a tone whose level moves slowly: a click, wherever it comes from."""
    return float(np.abs(sound[2:] + sound[:-2] - 2 * np.cos(2 * np.pi * hz / RATE) * sound[1:-1]).max())


@pytest.mark.parametrize("ppm", [-200, 200])
def test_a_tone_through_drift_and_hiccups_has_no_click_and_stays_in_place(ppm):
    hz, placer, parts = 100.0, None, []
    for _, frame, arrival_ns in packets(Device(ppm, 5), 120, RATE // 50, hz):
        placer = placer or Placer(frame, 0)
        parts += placed(placer, frame, arrival_ns)
    ends = [start + len(samples) for start, samples in parts]
    assert [start for start, _ in parts[1:]] == ends[:-1], "without hole or overlap"
    steady = np.concatenate([samples for _, samples in parts])[RATE:]
    assert deviation(steady, hz) < 1e-4
    index = parts[0][0] + RATE + np.arange(len(steady))
    # The tone was played in true time: its phase tells, within its period, by how much each tenth of a second is late.
    turned = steady * np.exp(-2j * np.pi * (hz * index / RATE % 1.0))
    tenths = turned[: len(turned) // 4800 * 4800].reshape(-1, 4800).mean(axis=1)
    late_s = -np.angle(1j * tenths) / (2 * np.pi * hz)
    assert np.abs(late_s).max() < 0.003


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("ppm", [-200, 200])
def test_eight_hours_of_a_tone_through_the_whole_capture(ppm):
    hz, placer, at, worst_s, last = 100.0, None, None, 0.0, np.zeros(2, np.float32)
    for _, frame, arrival_ns in packets(Device(ppm, 11), HOURS_8_S, RATE // 10, hz):
        placer = placer or Placer(frame, 0)
        for start, samples in placed(placer, frame, arrival_ns):
            assert at in (None, start), "without hole or overlap"
            if at is not None and at > 6 * RATE:
                assert deviation(np.concatenate([last, samples]), hz) < 1e-3, at
                turned = samples * np.exp(-2j * np.pi * (hz * (start + np.arange(len(samples))) / RATE % 1.0))
                worst_s = max(worst_s, abs(float(np.angle(1j * turned.mean()))) / (2 * np.pi * hz))
            at, last = start + len(samples), samples[-2:]
    assert worst_s < 0.0045, "well within half the tone's period, which the clock alone is bound to above"


def test_a_tone_through_lost_packets_and_fail_over_decodes_without_a_click(make_settings):
    """The teacher's microphone loses 0.3 s, then goes for 3 s and returns; the room hears the same tone throughout."""
    hz, seconds = 100.0, 16
    teacher, room = SoundTrack(expected=True), SoundTrack(expected=True)
    settings = make_settings("camera", room_microphone={"url": "room"})
    desk = MixingDesk(SoundInputs(teacher, room, MuteSwitch()), settings, lambda notice: None)
    encoders = EncoderPair(settings, MATRIX_BT709)
    worn, placers, encoded = Device(150, 7), [None, None], []
    lost = [(4.0, 4.3), (7.0, 10.0)]
    arrivals = [
        (arrival_ns, which, first, frame)
        for which, device in enumerate((worn, Device(-180, 8)))
        for first, frame, arrival_ns in packets(device, seconds, RATE // 50, hz)
        if which or not any(a <= first / RATE < b for a, b in lost)
    ]
    at = begin = sample_at(6 * NS)
    for arrival_ns, which, first, frame in sorted(arrivals, key=lambda arrival: arrival[0]):
        if which == 0 and first == 10 * RATE:
            placers[0] = None  # the device was opened again
        placers[which] = placers[which] or Placer(frame, 0)
        for start, samples in placed(placers[which], frame, arrival_ns):
            (teacher, room)[which].put(start, samples)
        while at + 1024 < sample_at(arrival_ns - 300 * MS):
            encoded += encoders.encode_sound(desk.mix(at, 1024).samples, at - begin)
            at += 1024
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = encoders.sound.codec_context.extradata
    sound = np.concatenate([f.to_ndarray()[0] for packet in encoded for f in decoder.decode(packet)])
    encoders.close()
    assert len(sound) > 14 * RATE
    heard = sound[4800 : len(sound) // 4800 * 4800]
    assert np.sqrt(np.mean(heard.reshape(-1, 4800) ** 2, axis=1)).min() > 0.05, "never silent"
    assert deviation(heard, hz) < 0.001, "coding noise is a fifth of that"
