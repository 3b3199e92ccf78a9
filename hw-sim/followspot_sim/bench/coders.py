"""`sound_coder_ms_per_s`: what the daemon's sound coder costs, beside the others that browsers play.

CPU of the encoding thread per second of speech, mono, 48 kHz. The error is that of the decoded sound against the
original in the bands of hearing where there is any sound, the median in decibels: it says how exact a coder is, not how
it sounds.
"""

import resource
from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from followspot_sim.bench.options import BenchOptions
from followspot_sim.bench.results import Figure
from followspot_sim.bench.task import AUDIO_CODER, Crop, Task
from followspot_sim.voice import SAMPLE_HZ, murmur

NAME = "sound_coder_ms_per_s"
WINDOW = 2048
BANDS = 24
HEARD_SHARE = 1e-6
"""Bands 60 dB below the loudest are not heard beside it."""

Sound = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Coder:
    """A coder and how it is set."""

    name: str
    codec: str
    kbps: int
    options: dict[str, str]


def coders() -> list[Coder]:
    """The daemon's own first."""
    kbps = Task(Crop(1280, 720, 0, 0)).audio_bitrate_kbps
    return [
        Coder(f"aac {AUDIO_CODER}", "aac", kbps, {"aac_coder": AUDIO_CODER}),
        Coder("aac twoloop", "aac", kbps, {"aac_coder": "twoloop"}),
        Coder("opus", "libopus", kbps, {}),
        Coder("opus at two thirds", "libopus", kbps * 2 // 3, {}),
    ]


def measure(options: BenchOptions) -> list[Figure]:
    """Every coder in turn, `rounds` times over."""
    sound = np.resize(murmur(1), round(max(options.seconds, 1.0) * SAMPLE_HZ)).astype(np.float32)
    costs: dict[str, list[float]] = {coder.name: [] for coder in coders()}
    detail: dict[str, object] = {}
    for _ in range(options.rounds):
        for coder in coders():
            cost, packets, decoder = _encoded(coder, sound)
            costs[coder.name].append(cost)
            detail[coder.name] = {
                "ms_per_s": round(median(costs[coder.name]), 2),
                "kbps": round(sum(packet.size for packet in packets) * 8e-3 / (len(sound) / SAMPLE_HZ), 1),
                "error_db": round(_error_db(sound, _decoded(decoder, packets)), 1),
            }
    return [Figure(NAME, round(median(costs[coders()[0].name]), 2), "ms/s", None, detail)]


def _encoded(coder: Coder, sound: Sound) -> "tuple[float, list[av.Packet[Any]], av.AudioCodecContext]":
    """CPU milliseconds per second of sound, the packets, and what decodes them."""
    context = av.CodecContext.create(coder.codec, "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout = SAMPLE_HZ, "mono"
    context.format = "fltp" if coder.codec == "aac" else "flt"
    context.bit_rate, context.options = coder.kbps * 1000, coder.options
    context.time_base = Fraction(1, SAMPLE_HZ)
    context.open()
    packets: list[av.Packet[Any]] = []
    before_s = _thread_s()
    for first in range(0, len(sound) - context.frame_size + 1, context.frame_size):
        samples = sound[first : first + context.frame_size].reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, context.format.name, "mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_HZ, first, context.time_base
        packets += context.encode(frame)
    packets += context.encode(None)
    cost = (_thread_s() - before_s) * 1000 / (len(sound) / SAMPLE_HZ)
    decoder = av.CodecContext.create(coder.codec, "r")
    assert isinstance(decoder, av.AudioCodecContext)
    decoder.extradata = context.extradata
    decoder.sample_rate, decoder.layout = SAMPLE_HZ, "mono"
    return cost, packets, decoder


def _decoded(decoder: av.AudioCodecContext, packets: "list[av.Packet[Any]]") -> Sound:
    parts = [frame.to_ndarray() for packet in packets for frame in decoder.decode(packet)]
    return np.concatenate([part[0] / (1 if part.dtype.kind == "f" else 32768) for part in parts]).astype(np.float32)


def _error_db(sound: Sound, decoded: Sound) -> float:
    """The decoded sound is found by its delay, which no two coders share."""
    size = 1 << 17
    first, second = (np.fft.rfft(part[: size // 2], size) for part in (sound, decoded))
    delay = int(np.argmax(np.fft.irfft(np.conj(first) * second)[: size // 4]))
    length = min(len(sound), len(decoded) - delay) // WINDOW * WINDOW
    original, error = sound[:length], decoded[delay : delay + length] - sound[:length]
    power, noise = _bands(original), _bands(error)
    heard = power > power.max() * HEARD_SHARE
    return float(10 * np.median(np.log10(np.maximum(noise[heard], 1e-20) / power[heard])))


def _bands(sound: Sound) -> npt.NDArray[np.float64]:
    spectrum = np.abs(np.fft.rfft(sound.reshape(-1, WINDOW) * np.hanning(WINDOW), axis=1)) ** 2
    edges = np.unique(np.geomspace(4, WINDOW // 2, BANDS + 1).astype(int))
    return np.add.reduceat(spectrum, edges[:-1], axis=1)


def _thread_s() -> float:
    used = resource.getrusage(resource.RUSAGE_THREAD)
    return used.ru_utime + used.ru_stime
