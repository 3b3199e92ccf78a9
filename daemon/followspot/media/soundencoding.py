"""Encode sound in step with the pictures, silence where there is none."""

from collections.abc import Callable, Iterator

from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap
from followspot.media.encoder import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ, VIDEO_TIMESCALE, EncoderPair, Packet
from followspot.media.sound import SoundTrack, sample_at

_NS_PER_S = 1_000_000_000
# Sound that is later than this against the picture is replaced by silence: the picture never waits longer.
SOUND_WAIT_S = 0.3
# A shorter silence is not declared: it is no syllable, and opening a device may cost as much.
DECLARED_FROM_SAMPLES = SOUND_RATE_HZ // 10


class SoundEncoding:
    """The sound of one recording: follows the pictures, never waits for long, declares what it had to fill.

    `first_pts` and `first_exposure_ns` are the first picture's media time stamp and capture time.
    """

    def __init__(
        self,
        track: SoundTrack,
        encoders: EncoderPair,
        declare_gap: Callable[[Gap], None] | None,
        first_pts: int,
        first_exposure_ns: int,
    ) -> None:
        """`declare_gap` is None where silence is what is wanted: no microphone is configured."""
        self._track = track
        self._encoders = encoders
        self._declare_gap = declare_gap
        first_sample = -(-first_pts * SOUND_RATE_HZ // VIDEO_TIMESCALE)
        # On the frame grid of the whole lesson: behind a cut the sound goes on with the very next frame.
        self._next = -(-first_sample // SOUND_FRAME_SAMPLES) * SOUND_FRAME_SAMPLES
        # From media samples to the monotonic grid.
        self._shift = sample_at(first_exposure_ns) - first_pts * SOUND_RATE_HZ // VIDEO_TIMESCALE
        self._silent_from: int | None = None
        self._missing = 0

    def advance(self, until_pts: int, now_ns: int) -> Iterator[Packet]:
        """Encode what is due before the picture at `until_pts`, as far as it is here or too late."""
        limit = until_pts * SOUND_RATE_HZ // VIDEO_TIMESCALE
        overdue = sample_at(now_ns - round(SOUND_WAIT_S * _NS_PER_S)) - self._shift
        while (end := self._next + SOUND_FRAME_SAMPLES) <= limit:
            if end > overdue and not self._track.wait_covered(end + self._shift, 0):
                return
            yield from self._encode_next()

    def finish(self, end_pts: int) -> Iterator[Packet]:
        """Encode up to the end of the last picture, waiting a last time for sound under way."""
        limit = -(-end_pts * SOUND_RATE_HZ // VIDEO_TIMESCALE)
        self._track.wait_covered(limit + self._shift, SOUND_WAIT_S)
        while self._next < limit:
            yield from self._encode_next(limit)
        self._end_silence(min(self._next, limit))
        yield from self._encoders.flush_sound()

    def _encode_next(self, limit: int | None = None) -> list[Packet]:
        start = self._next
        self._next += SOUND_FRAME_SAMPLES
        samples, heard = self._track.take(start + self._shift, SOUND_FRAME_SAMPLES)
        wanted = SOUND_FRAME_SAMPLES if limit is None else min(SOUND_FRAME_SAMPLES, limit - start)
        if heard < wanted:
            if self._silent_from is None:
                self._silent_from = start
            self._missing += wanted - heard
        else:
            self._end_silence(start)
        return self._encoders.encode_sound(samples, start)

    def _end_silence(self, end: int) -> None:
        start, self._silent_from = self._silent_from, None
        missing, self._missing = self._missing, 0
        if start is not None and missing >= DECLARED_FROM_SAMPLES and self._declare_gap is not None:
            start_ns, end_ns = start * _NS_PER_S // SOUND_RATE_HZ, end * _NS_PER_S // SOUND_RATE_HZ
            self._declare_gap(Gap(GapReason.SOUND_LOST, start_ns, end_ns - start_ns))
