"""Render a segment of the full picture again as a framed one: same time stamps, the sound as it is."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import av
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from followspot.domain.view import FramedView, Hiding
from followspot.media.capture import is_specified
from followspot.media.encoder import MATRIX_BT709, VIDEO_TIMESCALE, EncoderPair, Packet
from followspot.media.segmenter import muxer_options
from followspot.media.view import ViewRenderer, black_picture, is_planar
from followspot.settings.models import Settings

_NS_PER_S = 1_000_000_000

ViewAt = Callable[[int], FramedView]


class NotRenderableError(Exception):
    """The segment cannot be rendered; the message says why."""


def render_segment(
    source: Path, target: Path, settings: Settings, view_at: ViewAt, on_picture: Callable[[], None]
) -> None:
    """Write `target` anew from `source`; `view_at` tells the view at a media time, in order.

    Raises NotRenderableError where the source is no segment of ours or is damaged, OSError where writing fails.
    """
    try:
        with av.open(str(source)) as container:
            _Rendition(container, settings, view_at, on_picture).write(target)
    except (av.error.InvalidDataError, av.error.EOFError, IndexError) as error:
        raise NotRenderableError(
            f"{source.name} cannot be read: {error}; is it whole? followspot fsck tells"
        ) from error


class _Rendition:
    """One segment."""

    def __init__(
        self, container: InputContainer, settings: Settings, view_at: ViewAt, on_picture: Callable[[], None]
    ) -> None:
        video = container.streams.video[0]
        self._container, self._source, self._settings = container, video, settings
        self._view_at, self._on_picture = view_at, on_picture
        size = settings.view.width, settings.view.height
        self._renderer, self._size = ViewRenderer(*size), size
        matrix = video.codec_context.colorspace
        self._pair = EncoderPair(settings, matrix if is_specified(matrix) else MATRIX_BT709)
        self._durations: dict[int, int] = {}
        self._first = True

    def write(self, target: Path) -> None:
        """Decode, crop, encode."""
        sounds = self._container.streams.audio
        options = muxer_options(self._settings.recording.fragment_s)
        try:
            with av.open(str(target), "w", format="mp4", options=options) as output:
                video = output.add_stream_from_template(self._pair.video)
                copies = {sound.index: output.add_stream_from_template(sound) for sound in sounds}
                for packet in self._container.demux(self._source, *sounds):
                    if packet.stream is not self._source and packet.stream.index in copies:
                        if packet.dts is not None:
                            packet.stream = copies[packet.stream.index]
                            output.mux_one(packet)
                        continue
                    self._render(cast("Packet", packet), output, video)
                self._mux(self._pair.flush_video(), output, video)
        finally:
            self._pair.close()

    def _render(self, packet: Packet, output: OutputContainer, video: VideoStream) -> None:
        if packet.pts is not None:
            self._durations[packet.pts] = packet.duration or 0
        for frame in self._source.decode(packet):
            pts = cast(int, frame.pts)
            view = self._view_at(pts * _NS_PER_S // VIDEO_TIMESCALE)
            picture = self._picture(frame, view)
            self._mux(self._pair.encode_picture(picture, pts, key=self._first), output, video)
            self._first = False
            self._on_picture()

    def _picture(self, frame: av.VideoFrame, view: FramedView) -> av.VideoFrame:
        if view.hiding is Hiding.COVERED:
            return black_picture(*self._size)
        if not is_planar(frame):
            raise NotRenderableError(f"its pictures are {frame.format.name}, which cannot be cropped")
        return self._renderer.render(frame, view.crop)

    def _mux(self, packets: list[Packet], output: OutputContainer, video: VideoStream) -> None:
        for packet in packets:
            packet.duration = self._durations.pop(cast(int, packet.pts), 0)
            packet.stream = video
            output.mux_one(packet)
