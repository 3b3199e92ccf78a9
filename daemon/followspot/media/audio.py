"""A microphone: sound that follows CLOCK_MONOTONIC, whatever the device's own clock does."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Protocol

import av
import numpy as np
from av.container import InputContainer
from av.filter import Graph

from followspot.domain.clock import Clock
from followspot.domain.sound import MicrophoneRole
from followspot.media.drift import ArrivalClock
from followspot.media.encoder import SOUND_RATE_HZ, Packet
from followspot.media.mixing import Samples
from followspot.media.notices import MediaNotice, MicrophoneLost, MicrophoneOpened
from followspot.media.source import Source, SourceLostError
from followspot.settings.models import MicrophoneSettings

_NS_PER_MS = 1_000_000
_NS_PER_US = 1000
_MICROSECONDS = Fraction(1, 1_000_000)

_TABLES = {MicrophoneRole.TEACHER: "microphone", MicrophoneRole.ROOM: "room_microphone"}
_THREADS = {MicrophoneRole.TEACHER: "capture-audio", MicrophoneRole.ROOM: "capture-audio-room"}

# Sound is left to gather for this long: waking up for each packet costs more than what is done with it. Short beside
# what its encoder holds back, and so that no packet seems to be late (media/drift).
_REST_S = 0.025
# A packet that came so long after it was asked for had not been there: those that had gathered are read.
_WAITED_NS = 1_000_000
# What gathered while the device was opened is worked off in parts.
_BATCH_PACKETS = 16

# Stretch or squeeze by at most 0.5 %, too little to be heard and far more than any crystal drifts, whenever sound
# and clock are more than 1 ms apart. `flags=res` keeps the resampler in use all the time: switching it on clicks.
_RESAMPLE = f"{SOUND_RATE_HZ}:flags=res:async={SOUND_RATE_HZ // 200}:min_comp=0.001"


class SoundTaker(Protocol):
    """Where a microphone's samples go: a SoundTrack, or who wants to look at them."""

    def expect(self, expected: bool) -> None:
        """State whether sound is to come."""
        ...

    def put(self, start: int, samples: Samples) -> None:
        """Add samples from index `start` of the monotonic grid on."""
        ...


class AudioCapture:
    """Thread `capture-audio`, or `capture-audio-room`. Fills `track` while the microphone gives sound."""

    def __init__(
        self,
        role: MicrophoneRole,
        settings: MicrophoneSettings,
        clock: Clock,
        track: SoundTaker,
        notify: Callable[[MediaNotice], None],
    ) -> None:
        self._role = role
        self._latency_ns = round(settings.latency_ms * _NS_PER_MS)
        self._clock = clock
        self._track = track
        self._notify = notify
        self.source = Source(_TABLES[role], _THREADS[role], settings, clock, self)

    def read(self, container: InputContainer) -> None:
        """Decode the first sound stream."""
        if not container.streams.audio:
            raise SourceLostError("it has no sound")
        stream = container.streams.audio[0]
        placer: Placer | None = None

        def hurried() -> bool:
            return placer is not None and placer.undecided

        for batch in self._batches(self.source.packets(container, stream), hurried):
            for packet, arrival_ns in batch:
                frames = stream.decode(packet)
                if frames and placer is None:
                    placer = Placer(frames[0], self._latency_ns)
                if placer is not None:
                    self._deliver(placer.place(frames, arrival_ns))
            if placer is not None:
                self._deliver(placer.placed())

    def lost(self, reason: str) -> None:
        """From here on silence need not be waited for."""
        self._track.expect(False)
        self._notify(MicrophoneLost(reason, self._role))

    def _batches(
        self, packets: Iterator[tuple[Packet, int]], hurried: Callable[[], bool]
    ) -> Iterator[list[tuple[Packet, int]]]:
        """What has gathered, and the packet after it, whose arrival is its own; each packet alone while `hurried`."""
        batch: list[tuple[Packet, int]] = []
        asked_ns = self._clock.monotonic_ns()
        try:
            for packet, arrival_ns in packets:
                batch.append((packet, arrival_ns))
                waited = arrival_ns - asked_ns >= _WAITED_NS
                if waited or len(batch) >= _BATCH_PACKETS or hurried():
                    yield batch
                    batch = []
                    if waited and not hurried():
                        self.source.rest(_REST_S)
                asked_ns = self._clock.monotonic_ns()
        except (SourceLostError, av.FFmpegError, OSError):
            yield batch
            raise
        yield batch

    def _deliver(self, placed: Iterable[tuple[int, Samples]]) -> None:
        for start, samples in placed:
            self._track.put(start, samples)
            if self.source.delivering():
                self._track.expect(True)
                self._notify(MicrophoneOpened(self._role))


class Placer:
    """From decoded frames to mono 48 kHz samples on the monotonic grid, for one opening of the device."""

    def __init__(self, first: av.AudioFrame, latency_ns: int) -> None:
        self._latency_ns = latency_ns
        self._clock = ArrivalClock(first.sample_rate)
        self._samples = 0
        self._waiting: list[tuple[int, av.AudioFrame]] = []
        self._first = first
        self._graph = _resampler(first)

    @property
    def undecided(self) -> bool:
        """Whether the next packets tell if samples were lost."""
        return self._clock.undecided

    def place(self, frames: list[av.AudioFrame], arrival_ns: int) -> list[tuple[int, Samples]]:
        """Take the frames of a packet. Where samples were lost, what came before them is given, and a hole is left."""
        before: list[tuple[int, Samples]] = []
        for frame in frames:
            self._waiting.append((self._samples, frame))
            self._samples += frame.samples
        if self._clock.observe(self._samples, arrival_ns):
            # A resampler that saw the step would fill it with zeros or take seconds to stretch over it.
            self._graph.push(None)
            before = list(self.placed())
            self._graph = _resampler(self._first)
        if self._clock.settled and not self._clock.undecided:
            self._push_waiting()
        return before

    def _push_waiting(self) -> None:
        ready, self._waiting = self._waiting, []
        for first_sample, frame in ready:
            time_ns = self._clock.time_ns(first_sample) - self._latency_ns
            frame.time_base = _MICROSECONDS
            frame.pts = time_ns // _NS_PER_US
            self._graph.push(frame)

    def placed(self) -> Iterator[tuple[int, Samples]]:
        """What is ready, with the grid index of its first sample. Ask seldom: that there is no more costs an error."""
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            assert isinstance(frame, av.AudioFrame)
            assert frame.pts is not None
            yield frame.pts, np.frombuffer(memoryview(frame.planes[0]), np.float32, frame.samples)


def _resampler(first: av.AudioFrame) -> Graph:
    graph = Graph()
    source = graph.add_abuffer(
        sample_rate=first.sample_rate, format=first.format, layout=first.layout, time_base=_MICROSECONDS
    )
    mono = graph.add("aformat", "sample_fmts=fltp:channel_layouts=mono")
    graph.link_nodes(source, graph.add("aresample", _RESAMPLE), mono, graph.add("abuffersink")).configure()
    return graph
