"""What the microphone hears: recorded speech, or a murmur made by the program."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from cv2.typing import MatLike

from followspot_sim.errors import SimulatorError

SAMPLE_HZ = 48_000
PEAK = 0.3
"""Full scale is 1; claps are three times as loud."""

MURMUR_S = 12.0
SYLLABLE_HZ = 4.0
PITCH_HZ = 118.0
FORMANTS_HZ = ((650.0, 1080.0), (400.0, 1900.0), (300.0, 2300.0), (550.0, 900.0))
"""Two resonances of the mouth for each of some vowels."""


def speech(files: Sequence[Path], seed: int) -> MatLike:
    """All recordings after one another, mono, float32 at SAMPLE_HZ; a murmur without any. Raises SimulatorError."""
    if not files:
        return murmur(seed)
    order = np.random.default_rng([seed, 23]).permutation(len(files))
    return _levelled(np.concatenate([_decoded(files[index]) for index in order]))


def murmur(seed: int) -> MatLike:
    """Something voice-like: a buzz shaped by changing vowels, in syllables and pauses, on soft noise."""
    rng = np.random.default_rng([seed, 29])
    time_s = np.arange(round(MURMUR_S * SAMPLE_HZ)) / SAMPLE_HZ
    knots_s = np.arange(0, MURMUR_S + 1, 1 / SYLLABLE_HZ)
    vowels = np.array(FORMANTS_HZ)[rng.integers(len(FORMANTS_HZ), size=len(knots_s))]
    loudness = np.interp(time_s, knots_s, rng.uniform(0, 1, len(knots_s)) * (rng.random(len(knots_s)) < 0.8))
    pitch_hz = PITCH_HZ * (1 + 0.15 * np.interp(time_s, knots_s, rng.uniform(-1, 1, len(knots_s))))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_HZ
    voice = np.zeros(len(time_s))
    formants_hz = [np.interp(time_s, knots_s, vowels[:, formant]) for formant in range(2)]
    for harmonic in range(1, 26):
        far = [((harmonic * pitch_hz - centre_hz) / 160.0) ** 2 for centre_hz in formants_hz]
        voice += (np.exp(-far[0]) + np.exp(-far[1]) / 2) * np.sin(harmonic * phase)
    return _levelled((voice * loudness + 0.01 * rng.normal(size=len(time_s))).astype(np.float32))


def _decoded(file: Path) -> MatLike:
    try:
        with av.open(str(file)) as container:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_HZ)
            parts = [
                part.to_ndarray()[0]
                for frame in [*container.decode(audio=0), None]
                for part in resampler.resample(frame)
            ]
        return np.concatenate(parts)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise SimulatorError(f"speech {file} cannot be decoded: {error}") from error


def _levelled(samples: MatLike) -> MatLike:
    loudest = float(np.abs(samples).max())
    return np.asarray(samples * (PEAK / loudest) if loudest > 0 else samples, np.float32)
