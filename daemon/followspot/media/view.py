"""Take the planned view out of the sensor picture."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.reformatter import ColorRange

from followspot.domain.analysis import AnalysisFrame, Plane
from followspot.domain.view import Rect
from followspot.media.resample import Sampling, make_limited, sample

# Closer than this to a whole pixel, a crop of the output's size is the same picture without resampling.
_WHOLE_PIXEL = 1e-6
# The formats whose planes are sampled as they are: what cameras and their decoders give.
_LINES_PER_CHROMA = {"yuv420p": 2, "yuvj420p": 2, "yuv422p": 1, "yuvj422p": 1}
# Luma and chroma of black, limited range.
_BLACK = (16, 128, 128)
# The filter wants a time base; time stamps are set by the encoder.
_ANY_TIME_BASE = Fraction(1, 90_000)


def centre_view(sensor_width: int, sensor_height: int, output_width: int, output_height: int) -> Rect:
    """The largest view of the output's shape, in the middle of the sensor."""
    scale = min(sensor_width / output_width, sensor_height / output_height)
    width, height = output_width * scale, output_height * scale
    return Rect((sensor_width - width) / 2, (sensor_height - height) / 2, width, height)


def black_picture(width: int, height: int) -> av.VideoFrame:
    """A black picture, limited range."""
    picture = av.VideoFrame(width, height, "yuv420p")
    for index, level in enumerate(_BLACK):
        plane_view(picture, index)[:] = level
    return picture


def plane_view(frame: av.VideoFrame, index: int) -> Plane:
    """Plane `index` of a planar frame as an array on the frame's own memory, without the padding of its lines."""
    plane = frame.planes[index]
    rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def is_planar(frame: av.VideoFrame) -> bool:
    """Whether its planes can be sampled one by one."""
    return frame.format.name in _LINES_PER_CHROMA


def lines_per_chroma(frame: av.VideoFrame) -> int:
    """How many lines of luma a line of chroma is for, in a planar frame."""
    return _LINES_PER_CHROMA[frame.format.name]


def is_full_range(frame: av.VideoFrame) -> bool:
    """Whether black is 0, and not 16."""
    return frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")


def analysis_view(frame: av.VideoFrame, exposure_ns: int) -> AnalysisFrame:
    """The whole picture for vision, read only, without a copy."""
    y, u, v = (plane_view(frame, index) for index in range(3))
    step = 2 // lines_per_chroma(frame)
    planes = [y, u[::step], v[::step]]
    for plane in planes:
        plane.flags.writeable = False
    return AnalysisFrame(exposure_ns, *planes)


class ViewRenderer:
    """Renders views of planar frames of any size into 4:2:0 pictures, limited range, of one size.

    A view of the output's size at whole, even pixels costs nothing: the picture returned shares the frame's
    memory, or is the frame. Any other is resampled plane by plane, bilinear, to 1/32 pixel, into a picture of its own.
    """

    def __init__(self, width: int, height: int) -> None:
        self._width = width
        self._height = height
        self._cropper: _Cropper | None = None
        cv2.setNumThreads(1)  # OpenCV's own pool would take cores from the encoder

    def render(self, frame: av.VideoFrame, crop: Rect, *, own: bool = False) -> av.VideoFrame:
        """The part `crop` of `frame` (a planar one), at the output's size; with `own` never `frame` itself."""
        if self._is_plain(frame, crop):
            x, y = round(crop.x), round(crop.y)
            if not own and (frame.width, frame.height) == (self._width, self._height):
                return frame
            if self._cropper is None or not self._cropper.takes(frame):
                self._cropper = _Cropper(frame, self._width, self._height)
            return self._cropper.crop(frame, x, y)
        return self._resample(frame, crop)

    def _is_plain(self, frame: av.VideoFrame, crop: Rect) -> bool:
        if frame.format.name != "yuv420p" or is_full_range(frame):
            return False
        x, y = round(crop.x), round(crop.y)
        deviation = max(
            abs(crop.x - x), abs(crop.y - y), abs(crop.width - self._width), abs(crop.height - self._height)
        )
        inside = 0 <= x <= frame.width - self._width and 0 <= y <= frame.height - self._height
        return deviation < _WHOLE_PIXEL and inside and x % 2 == 0 and y % 2 == 0

    def _resample(self, frame: av.VideoFrame, crop: Rect) -> av.VideoFrame:
        picture = av.VideoFrame(self._width, self._height, "yuv420p")
        luma, chroma = _samplings(crop, self._width, self._height, lines_per_chroma(frame))
        full_range = is_full_range(frame)
        for index, (across, down) in enumerate((luma, chroma, chroma)):
            target = plane_view(picture, index)
            sample(plane_view(frame, index), across, down, target)
            if full_range:
                make_limited(target, chroma=index > 0)
        return picture


def _samplings(
    crop: Rect, width: int, height: int, lines_per_chroma: int
) -> tuple[tuple[Sampling, Sampling], tuple[Sampling, Sampling]]:
    """How luma and chroma are sampled, across and down, into a 4:2:0 picture.

    H.264's chroma samples (type 0) sit on the middle of every second luma pixel horizontally, and between two lines
    vertically: at 2i + 0.5 and 2j + 1, where pixel i has its middle at i + 0.5.
    """
    sx, sy = crop.width / width, crop.height / height
    luma = Sampling(crop.x, sx, width), Sampling(crop.y, sy, height)
    down = Sampling(crop.y / lines_per_chroma, sy * 2 / lines_per_chroma, height // 2)
    return luma, (Sampling(crop.x / 2 + (1 - sx) / 4, sx, width // 2), down)


class _Cropper:
    """libavfilter's crop for one size of frame: moves plane pointers, copies nothing."""

    def __init__(self, frame: av.VideoFrame, width: int, height: int) -> None:
        self._source_size = (frame.width, frame.height)
        graph = Graph()
        source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=_ANY_TIME_BASE)
        self._crop: FilterContext = graph.add("crop", f"w={width}:h={height}:x=0:y=0")
        graph.link_nodes(source, self._crop, graph.add("buffersink")).configure()
        self._graph = graph
        self._place = (0, 0)

    def takes(self, frame: av.VideoFrame) -> bool:
        return (frame.width, frame.height) == self._source_size

    def crop(self, frame: av.VideoFrame, x: int, y: int) -> av.VideoFrame:
        if (x, y) != self._place:
            self._place = (x, y)
            self._crop.process_command("x", str(x))
            self._crop.process_command("y", str(y))
        self._graph.vpush(frame)
        return self._graph.vpull()
