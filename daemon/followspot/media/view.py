"""Take the planned view out of the sensor picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
from av.filter import Graph
from av.filter.context import FilterContext

from followspot.domain.analysis import AnalysisFrame, Plane
from followspot.domain.view import Rect

# Closer than this to a whole pixel, a crop of the output's size is the same picture without resampling.
_WHOLE_PIXEL = 1e-6
# A grid may miss the ends of an axis by this much, in source pixels: the warp is no more exact.
_GRID_TOLERANCE = 1 / 32
# So many pixels a grid may begin before the picture; they are computed in vain.
_GRID_LEAD = 64
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
    """Plane `index` of a 4:2:0 frame as an array on the frame's own memory, without the padding of its lines."""
    plane = frame.planes[index]
    rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def analysis_view(frame: av.VideoFrame, exposure_ns: int) -> AnalysisFrame:
    """The whole picture for vision, read only, without a copy."""
    planes = [plane_view(frame, index) for index in range(3)]
    for plane in planes:
        plane.flags.writeable = False
    return AnalysisFrame(exposure_ns, *planes)


class ViewRenderer:
    """Renders views of 4:2:0 frames of any size into pictures of one size.

    A view of the output's size at whole, even pixels costs nothing: the picture returned shares the frame's
    memory. Any other is resampled plane by plane, bilinear, to 1/32 pixel, into a picture of its own.
    """

    def __init__(self, width: int, height: int) -> None:
        self._width = width
        self._height = height
        self._cropper: _Cropper | None = None
        cv2.setNumThreads(1)  # OpenCV's own pool would take cores from the encoder

    def render(self, frame: av.VideoFrame, crop: Rect) -> av.VideoFrame:
        """The part `crop` of `frame` (yuv420p), at the output's size."""
        if self._is_plain(frame, crop):
            x, y = round(crop.x), round(crop.y)
            if self._cropper is None or not self._cropper.takes(frame):
                self._cropper = _Cropper(frame, self._width, self._height)
            return self._cropper.crop(frame, x, y)
        return self._resample(frame, crop)

    def _is_plain(self, frame: av.VideoFrame, crop: Rect) -> bool:
        x, y = round(crop.x), round(crop.y)
        deviation = max(
            abs(crop.x - x), abs(crop.y - y), abs(crop.width - self._width), abs(crop.height - self._height)
        )
        inside = 0 <= x <= frame.width - self._width and 0 <= y <= frame.height - self._height
        return deviation < _WHOLE_PIXEL and inside and x % 2 == 0 and y % 2 == 0

    def _resample(self, frame: av.VideoFrame, crop: Rect) -> av.VideoFrame:
        picture = av.VideoFrame(self._width, self._height, "yuv420p")
        luma, chroma = _samplings(crop, self._width, self._height)
        for index, (across, down) in enumerate((luma, chroma, chroma)):
            _sample(plane_view(frame, index), across, down, plane_view(picture, index))
        return picture


@dataclass(frozen=True, slots=True)
class _Sampling:
    """One axis of a plane: `count` pixels, each `scale` source pixels wide, from `start` (0: the source's edge) on."""

    start: float
    scale: float
    count: int

    def grid(self, source_count: int) -> _Grid | None:
        """The shortest grid that meets the middle exactly and the ends well enough; None where there is none."""
        half = self.count / 2
        middle = self.start + self.scale * half
        if self.start < 0 or self.start + self.scale * self.count > source_count:
            return None
        for lead in range(_GRID_LEAD):
            start = self.start - self.scale * lead
            first = round(start)
            if first < 0:
                return None
            inside = first == 0 or self.scale * (lead + 0.5) >= 0.5
            if inside and abs(start - first) <= _GRID_TOLERANCE:
                return _Grid(first, lead, (middle - first) / (lead + half))
        return None


@dataclass(frozen=True, slots=True)
class _Grid:
    """One axis that begins with a whole source pixel, `first`; `lead` pixels of it come before the picture's."""

    first: int
    lead: int
    scale: float

    def source(self, count: int) -> slice:
        """The source pixels that `count` pixels of the picture need."""
        return slice(self.first, self.first + math.ceil(self.scale * (self.lead + count) + 1))

    def picture(self, count: int) -> slice:
        """The picture's `count` pixels in the grid."""
        return slice(self.lead, self.lead + count)


def _samplings(crop: Rect, width: int, height: int) -> tuple[tuple[_Sampling, _Sampling], tuple[_Sampling, _Sampling]]:
    """How luma and chroma are sampled, across and down.

    H.264's chroma samples (type 0) sit on the middle of every second luma pixel horizontally, and between two lines
    vertically: at 2i + 0.5 and 2j + 1, where pixel i has its middle at i + 0.5.
    """
    sx, sy = crop.width / width, crop.height / height
    luma = _Sampling(crop.x, sx, width), _Sampling(crop.y, sy, height)
    chroma = _Sampling(crop.x / 2 + (1 - sx) / 4, sx, width // 2), _Sampling(crop.y / 2, sy, height // 2)
    return luma, chroma


def _sample(source: Plane, across: _Sampling, down: _Sampling, target: Plane) -> None:
    columns, rows = across.grid(source.shape[1]), down.grid(source.shape[0])
    if columns is None or rows is None or not _resize(source, columns, rows, target):
        _warp(source, across, down, target)


def _resize(source: Plane, columns: _Grid, rows: _Grid, target: Plane) -> bool:
    """Sample a grid: a third of the warp's cost. Whether it could be done."""
    height, width = target.shape
    part = source[rows.source(height), columns.source(width)]
    grid = cv2.resize(part, None, fx=1 / columns.scale, fy=1 / rows.scale, interpolation=cv2.INTER_LINEAR)
    if grid.shape == part.shape:
        return False  # OpenCV copies where the size stays, whatever the scale
    target[:] = grid[rows.picture(height), columns.picture(width)]
    return True


def _warp(source: Plane, across: _Sampling, down: _Sampling, target: Plane) -> None:
    """Sample any place, over the border too, to 1/32 pixel."""
    matrix = np.array(
        [
            [across.scale, 0, across.start + across.scale / 2 - 0.5],
            [0, down.scale, down.start + down.scale / 2 - 0.5],
        ]
    )
    cv2.warpAffine(
        source,
        matrix,
        (across.count, down.count),
        dst=target,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


class _Cropper:
    """libavfilter's crop for one size of frame: moves plane pointers, copies nothing."""

    def __init__(self, frame: av.VideoFrame, width: int, height: int) -> None:
        self._source_size = (frame.width, frame.height)
        graph = Graph()
        source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=_ANY_TIME_BASE)
        self._crop: FilterContext = graph.add("crop", f"w={width}:h={height}:x=0:y=0")
        graph.link_nodes(source, self._crop, graph.add("buffersink")).configure()
        self._graph = graph

    def takes(self, frame: av.VideoFrame) -> bool:
        return (frame.width, frame.height) == self._source_size

    def crop(self, frame: av.VideoFrame, x: int, y: int) -> av.VideoFrame:
        self._crop.process_command("x", str(x))
        self._crop.process_command("y", str(y))
        self._graph.vpush(frame)
        return self._graph.vpull()
