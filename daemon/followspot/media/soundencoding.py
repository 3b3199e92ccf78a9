"""Sound for the pictures: what the microphones gave where there is some, silence where there is none."""

from collections.abc import Callable, Iterator

from followspot.domain.recording import Gap
from followspot.media.encoder import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ, VIDEO_TIMESCALE, EncoderPair, Packet
from followspot.media.mixingdesk import MixingDesk, SoundInputs
from followspot.media.notices import MediaNotice
from followspot.media.singlesounds import SingleSounds
from followspot.media.sound import sample_at
from followspot.media.soundgaps import SoundGaps
from followspot.settings.models import Settings

_NS_PER_S = 1_000_000_000
_MS_PER_S = 1000
# Sound that is later than this against the picture, beyond its own known delay, is replaced: the picture never waits
# longer.
_SOUND_WAIT_S = 0.3


class SoundEncoding:
    """The sound of one recording: follows the pictures, never waits for long, declares what it had to fill.

    `first_pts` and `first_exposure_ns` are the first picture's media time stamp and capture time.
    """

    def __init__(
        self,
        inputs: SoundInputs,
        encoders: EncoderPair,
        singles: SingleSounds,
        settings: Settings,
        notify: Callable[[MediaNotice], None],
        declare_gap: Callable[[Gap], None],
        first_pts: int,
        first_exposure_ns: int,
    ) -> None:
        self._inputs = inputs
        self._encoders = encoders
        self._singles = singles
        self._wait_s = sound_wait_s(settings)
        first_sample = -(-first_pts * SOUND_RATE_HZ // VIDEO_TIMESCALE)
        # On the frame grid of the whole lesson: behind a cut the sound goes on with the very next frame.
        self._next = -(-first_sample // SOUND_FRAME_SAMPLES) * SOUND_FRAME_SAMPLES
        # From media samples to the monotonic grid.
        self._shift = sample_at(first_exposure_ns) - first_pts * SOUND_RATE_HZ // VIDEO_TIMESCALE
        self._desk = MixingDesk(inputs, settings, notify)
        # Without any microphone silence is what is wanted.
        self._gaps = SoundGaps(declare_gap if inputs.tracks else None, self._next)

    def advance(self, until_pts: int, now_ns: int) -> Iterator[Packet]:
        """Encode what is due before the picture at `until_pts`, as far as it is here or too late."""
        limit = until_pts * SOUND_RATE_HZ // VIDEO_TIMESCALE
        overdue = sample_at(now_ns - round(self._wait_s * _NS_PER_S)) - self._shift
        while (end := self._next + SOUND_FRAME_SAMPLES) <= limit:
            if end > overdue and not self._inputs.wait_covered(end + self._shift, 0):
                return
            yield from self._encode_next(SOUND_FRAME_SAMPLES)

    def finish(self, end_pts: int) -> Iterator[Packet]:
        """Encode up to the end of the last picture, waiting a last time for sound under way."""
        limit = -(-end_pts * SOUND_RATE_HZ // VIDEO_TIMESCALE)
        self._inputs.wait_covered(limit + self._shift, self._wait_s)
        while self._next < limit:
            yield from self._encode_next(min(SOUND_FRAME_SAMPLES, limit - self._next))
        self._gaps.end(min(self._next, limit))
        self._singles.flush()
        yield from self._encoders.flush_sound()

    def _encode_next(self, wanted: int) -> list[Packet]:
        start = self._next
        self._next += SOUND_FRAME_SAMPLES
        mixed = self._desk.mix(start + self._shift, wanted)
        self._gaps.note(start, mixed)
        # First: when the segmenter gets the frame, all that lies beside a segment that it ends must be there.
        self._singles.encode(mixed.singles, start)
        return self._encoders.encode_sound(mixed.samples, start)


def sound_wait_s(settings: Settings) -> float:
    """How long the sound of a picture is waited for: the slowest microphone's own delay comes on top."""
    slowest_ms = max(settings.microphone.latency_ms, settings.room_microphone.latency_ms, 0.0)
    return _SOUND_WAIT_S + slowest_ms / _MS_PER_S
