"""The mixing desk of one recording: what each microphone gives becomes the track that players use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from followspot.domain.gaps import GapReason
from followspot.domain.sound import Carrier, MicrophoneRole
from followspot.media.encoder import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ
from followspot.media.meter import LevelMeter
from followspot.media.mixing import Gate, Heard, Mixer, Samples, SignalWatch, carrier_of
from followspot.media.mute import MuteSwitch
from followspot.media.notices import MediaNotice, MicrophoneHeard, MicrophoneSilent, SoundLevels
from followspot.media.sound import FADE_SAMPLES, SoundTrack
from followspot.settings.models import MicrophoneSettings, Settings

_LEVELS_EVERY_SAMPLES = SOUND_RATE_HZ


@dataclass(frozen=True, slots=True)
class SoundInputs:
    """The microphones' tracks, None for one that is not configured, and the mute switch. Shared between threads."""

    teacher: SoundTrack | None
    room: SoundTrack | None
    mute: MuteSwitch

    @property
    def tracks(self) -> tuple[SoundTrack, ...]:
        """Those that there are."""
        return tuple(track for track in (self.teacher, self.room) if track is not None)

    def ready_for(self, index: int) -> bool:
        """Whether there is sound from `index` on, or none is expected."""
        return all(track.ready_for(index) for track in self.tracks)

    def wait_covered(self, end: int, timeout_s: float) -> bool:
        """Wait until all that can be had before `end` is here, so that `MixingDesk.mix` can give it."""
        return all(track.wait_covered(end + FADE_SAMPLES, timeout_s) for track in self.tracks)


@dataclass(frozen=True, slots=True, eq=False)
class Mixed:
    """A frame of the first track, and what of it is not as it should be.

    `reason` is None where all is well; else `missing` samples are a stand-in, and have been for `quiet_samples` before.
    """

    samples: Samples
    reason: GapReason | None = None
    missing: int = 0
    quiet_samples: int = 0
    singles: Mapping[MicrophoneRole, Samples] = field(default_factory=dict)
    """Each microphone by itself."""


class _Channel:
    """One microphone at the desk."""

    def __init__(
        self,
        role: MicrophoneRole,
        track: SoundTrack,
        settings: MicrophoneSettings,
        notify: Callable[[MediaNotice], None],
    ) -> None:
        self.role = role
        self._track = track
        self._after_s = settings.silent_after_s
        self._notify = notify
        self.watch = SignalWatch(settings.silent_below_dbfs, settings.silent_after_s)
        self.meter = LevelMeter()
        self.gate = Gate()
        self._told: bool | None = None
        """Whether silence was told last; None: nothing was."""

    def take(self, index: int, *, muted: bool) -> Heard:
        heard = self._track.take(index, SOUND_FRAME_SAMPLES)
        if muted:
            self.watch.forget()
        else:
            self.watch.feed(heard)
            self.meter.feed(heard)
        self._tell(heard, muted=muted)
        return heard

    def _tell(self, heard: Heard, *, muted: bool) -> None:
        """Once per transition; a microphone that gave nothing at all for a while is news again."""
        silent = self.watch.silent
        if not silent and not muted and (not heard.count or self.watch.quiet_samples):
            self._told = self._told if heard.count else None
        elif silent is not self._told:
            self._told = silent
            self._notify(MicrophoneSilent(self.role, self._after_s) if silent else MicrophoneHeard(self.role))


class MixingDesk:
    """Gives the first track, frame by frame, on the encode thread. Tells levels and silent microphones."""

    def __init__(self, inputs: SoundInputs, settings: Settings, notify: Callable[[MediaNotice], None]) -> None:
        self._mute = inputs.mute
        self._notify = notify
        room = settings.room_microphone
        self._teacher = self._channel(MicrophoneRole.TEACHER, inputs.teacher, settings.microphone)
        self._room = self._channel(MicrophoneRole.ROOM, inputs.room, room)
        self._mixer = Mixer(room.gain_db, room.duck_db)
        self._gate = Gate()
        self._until_levels = _LEVELS_EVERY_SAMPLES

    def mix(self, index: int, wanted: int) -> Mixed:
        """The frame from `index` of the monotonic grid on, of which `wanted` samples are meant to be heard."""
        muted = self._mute.covers(index)
        teacher = self._teacher.take(index, muted=muted) if self._teacher is not None else None
        room = self._room.take(index, muted=muted) if self._room is not None else None
        carrier = carrier_of(
            teacher=_gives(teacher, self._teacher, wanted),
            room=_gives(room, self._room, wanted),
        )
        samples = self._gate.pass_on(self._mixer.mix(teacher, room, carrier), closed=muted)
        carrier = Carrier.MUTED if muted else carrier
        self._tell_levels(carrier)
        mixed = self._judged(samples, carrier, [heard for heard in (teacher, room) if heard is not None], wanted)
        return replace(mixed, singles=self._singles(teacher, room, muted=muted))

    def _singles(self, teacher: Heard | None, room: Heard | None, *, muted: bool) -> dict[MicrophoneRole, Samples]:
        both = ((self._teacher, teacher), (self._room, room))
        return {
            channel.role: channel.gate.pass_on(heard.samples, closed=muted)
            for channel, heard in both
            if channel is not None and heard is not None
        }

    def _judged(self, samples: Samples, carrier: Carrier, heard: list[Heard], wanted: int) -> Mixed:
        if carrier is Carrier.MUTED:
            return Mixed(samples, GapReason.MUTED, wanted)
        if carrier is Carrier.TEACHER or (carrier is Carrier.ROOM and self._teacher is None):
            return Mixed(samples)
        reason = GapReason.ROOM_SOUND if carrier is Carrier.ROOM else GapReason.SOUND_LOST
        main = self._teacher or self._room
        if main is None:
            return Mixed(samples, reason, wanted)
        if main.watch.silent:
            return Mixed(samples, reason, wanted, main.watch.quiet_samples)
        return Mixed(samples, reason, max(0, wanted - heard[0].count))

    def _tell_levels(self, carrier: Carrier) -> None:
        self._until_levels -= SOUND_FRAME_SAMPLES
        if self._until_levels > 0:
            return
        self._until_levels += _LEVELS_EVERY_SAMPLES
        teacher, room = (c.meter.read() if c is not None else None for c in (self._teacher, self._room))
        hidden = carrier is Carrier.MUTED
        self._notify(SoundLevels(carrier, None if hidden else teacher, None if hidden else room))

    def _channel(self, role: MicrophoneRole, track: SoundTrack | None, settings: MicrophoneSettings) -> _Channel | None:
        return _Channel(role, track, settings, self._notify) if track is not None else None


def _gives(heard: Heard | None, channel: _Channel | None, wanted: int) -> bool:
    return heard is not None and channel is not None and heard.count >= wanted and not channel.watch.silent
