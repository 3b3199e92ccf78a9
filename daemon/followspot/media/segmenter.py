"""Cut the encoders' packets into segments that play alone and join exactly."""

from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

import av

from followspot.domain.recording import SegmentEnd, SoundPart
from followspot.domain.rendition import RenditionName
from followspot.media.encoder import VIDEO_TIMESCALE, EncoderPair, Packet, sound_before
from followspot.media.fragments import FragmentAssembler
from followspot.media.picturetime import PictureTime

# One write of the muxer holds a whole fragment of any bit rate we allow.
_MUXER_BUFFER_BYTES = 1 << 20


# What comes into a fragment was taken so much earlier: a picture waits for the two behind it, and for its sound, which
# comes in batches and stays in the encoder for two frames.
_ON_THE_WAY_S = 0.25
# ... of which a short fragment makes up for no more than this share of itself.
_MADE_UP_SHARE = 0.7


def _fragment_length_s(safe_every_s: float) -> float:
    """How long fragments are, for media to be handed over about `safe_every_s` after it was taken, and no later."""
    return safe_every_s - min(_ON_THE_WAY_S, safe_every_s * _MADE_UP_SHARE)


def muxer_options(safe_every_s: float) -> dict[str, str]:
    """Without edit lists or shifted time stamps every segment keeps lesson time, so neighbours join exactly."""
    return {
        "movflags": "frag_keyframe+empty_moov+default_base_moof+frag_discont",
        "frag_duration": str(round(_fragment_length_s(safe_every_s) * 1_000_000)),
        "use_editlist": "0",
        "avoid_negative_ts": "disabled",
        "video_track_timescale": str(VIDEO_TIMESCALE),
    }


class FragmentTaker(Protocol):
    """Where whole fragments go: the part of a SegmentSink that cutting needs."""

    def open_segment(self, index: int, start_ns: int) -> None:
        """A new segment, before its first fragment."""
        ...

    def write_fragment(self, index: int, data: bytes) -> None:
        """One whole fragment (the first call: with the init segment)."""
        ...

    def finish_segment(self, end: SegmentEnd) -> None:
        """All fragments were given."""
        ...


class _Segment:
    """One container being filled. The newest picture is kept back until the next one tells how long it lasts."""

    def __init__(
        self, index: int, start_pts: int, encoders: EncoderPair, safe_every_s: float, deliver: Callable[[bytes], None]
    ) -> None:
        self.index = index
        self.start_pts = start_pts
        self.tracks = encoders.tracks
        self.end_pts: int | None = None
        self.frames = 0
        self._newest: Packet | None = None
        self._assembler = FragmentAssembler(deliver)
        self._container = av.open(
            self._assembler,
            "w",
            format="mp4",
            options=muxer_options(safe_every_s),
            buffer_size=_MUXER_BUFFER_BYTES,
        )
        self._video = self._container.add_stream_from_template(encoders.video)
        self._sound = self._container.add_stream_from_template(encoders.sound)

    def add_video(self, packet: Packet) -> None:
        self._release(cast(int, packet.pts))
        self._newest = packet
        self.frames += 1

    def add_sound(self, packet: Packet) -> None:
        packet.stream = self._sound
        self._container.mux_one(packet)

    def end_video(self, end_pts: int) -> None:
        self._release(end_pts)
        self.end_pts = end_pts

    def close(self) -> None:
        self._assembler.finishing()
        self._container.close()
        self._assembler.finish()

    def _release(self, next_pts: int) -> None:
        if self._newest is None:
            return
        packet, self._newest = self._newest, None
        packet.duration = next_pts - cast(int, packet.pts)
        packet.stream = self._video
        self._container.mux_one(packet)


class Segmenter:
    """Feeds one container per segment and hands whole fragments to the sink.

    `cut_at(pts)` must be called before the picture that starts a segment is encoded (as a key frame), for the
    first one too. Sound belongs to the segment in whose time it starts, whenever it comes: the old segment waits
    for its last sound while the new one is fed, and sound that is early waits for its segment.
    """

    def __init__(
        self,
        encoders: EncoderPair,
        sink: FragmentTaker,
        time: PictureTime,
        first_index: int,
        safe_every_s: float,
        sounds_until: Callable[[int], tuple[SoundPart, ...]],
        renditions: Callable[[], tuple[RenditionName, ...]] = tuple,
    ) -> None:
        """No media is handed over later than `safe_every_s` after it was taken.

        `sounds_until(pts)` gives what lies beside the segment that ends at `pts`, `renditions` what follows it.
        """
        self._renditions = renditions
        self._sounds_until = sounds_until
        self._encoders = encoders
        self._media_ns = time.media_ns
        self._sink = sink
        self._safe_every_s = safe_every_s
        self._next_index = first_index
        self._cuts: deque[int] = deque()
        self._early_sound: deque[Packet] = deque()
        self._ending: _Segment | None = None
        self._current: _Segment | None = None

    def replace_encoders(self, encoders: EncoderPair) -> None:
        """The segments that begin from here on are made of what these give."""
        self._encoders = encoders

    def cut_at(self, pts: int) -> None:
        """The picture at `pts` starts a segment."""
        self._cuts.append(pts)

    def add_video(self, packet: Packet) -> None:
        """Take the next picture."""
        pts = cast(int, packet.pts)
        if self._cuts and pts >= self._cuts[0]:
            self._begin(self._cuts.popleft())
        assert self._current is not None, "the first picture must start a segment"
        self._current.add_video(packet)

    def add_sound(self, packet: Packet) -> None:
        """Take the next sound."""
        if self._cuts and not sound_before(packet, self._cuts[0]):
            self._early_sound.append(packet)
            return
        if self._ending is not None:
            if sound_before(packet, cast(int, self._ending.end_pts)):
                self._ending.add_sound(packet)
                return
            self._finish_ending(last=False)
        if self._current is not None:
            self._current.add_sound(packet)

    def finish(self, end_pts: int) -> None:
        """All pictures and sounds were given; the last picture lasts until `end_pts`."""
        if self._ending is not None:
            self._finish_ending(last=False)
        if self._current is not None:
            self._current.end_video(end_pts)
            self._ending, self._current = self._current, None
            self._finish_ending(last=True)

    def _begin(self, start_pts: int) -> None:
        if self._ending is not None:  # its sound never came: the next cut is the latest it can wait for
            self._finish_ending(last=False)
        if self._current is not None:
            self._current.end_video(start_pts)
            self._ending = self._current
        index = self._next_index
        self._next_index += 1
        self._sink.open_segment(index, self._media_ns(start_pts))

        def deliver(fragment: bytes) -> None:
            self._sink.write_fragment(index, fragment)

        self._current = _Segment(index, start_pts, self._encoders, self._safe_every_s, deliver)
        early, self._early_sound = self._early_sound, deque()
        for packet in early:
            self.add_sound(packet)

    def _finish_ending(self, *, last: bool) -> None:
        segment, self._ending = cast(_Segment, self._ending), None
        segment.close()
        end_pts = cast(int, segment.end_pts)
        start_ns, end_ns = self._media_ns(segment.start_pts), self._media_ns(end_pts)
        sounds = self._sounds_until(end_pts)
        length_ns, tracks = end_ns - start_ns, segment.tracks()
        self._sink.finish_segment(
            SegmentEnd(segment.index, start_ns, length_ns, segment.frames, last, tracks, sounds, self._renditions())
        )
