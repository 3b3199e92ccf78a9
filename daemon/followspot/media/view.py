"""Take the planned view out of the sensor picture."""

from fractions import Fraction

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.filter.context import FilterContext

from followspot.domain.analysis import AnalysisFrame, Plane
from followspot.domain.view import Rect

# Closer than this to a whole pixel, a crop of the output's size is the same picture without resampling.
_WHOLE_PIXEL = 1e-6
# The filter wants a time base; time stamps are set by the encoder.
_ANY_TIME_BASE = Fraction(1, 90_000)


def centre_view(sensor_width: int, sensor_height: int, output_width: int, output_height: int) -> Rect:
    """The largest view of the output's shape, in the middle of the sensor."""
    scale = min(sensor_width / output_width, sensor_height / output_height)
    width, height = output_width * scale, output_height * scale
    return Rect((sensor_width - width) / 2, (sensor_height - height) / 2, width, height)


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
        luma, chroma = _sampling(crop, self._width, self._height)
        for index, matrix in enumerate((luma, chroma, chroma)):
            target = plane_view(picture, index)
            cv2.warpAffine(
                plane_view(frame, index),
                matrix,
                (target.shape[1], target.shape[0]),
                dst=target,
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )
        return picture


def _sampling(crop: Rect, width: int, height: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Maps from output to source samples, for luma and for chroma.

    Pixel i has its middle at i + 0.5. H.264's chroma samples (type 0) sit on the middle of every second luma
    pixel horizontally, and between two lines vertically: at 2i + 0.5 and 2j + 1.
    """
    sx, sy = crop.width / width, crop.height / height
    luma = np.array([[sx, 0, crop.x + sx / 2 - 0.5], [0, sy, crop.y + sy / 2 - 0.5]])
    chroma = np.array([[sx, 0, (crop.x + sx / 2 - 0.5) / 2], [0, sy, (crop.y + sy - 1) / 2]])
    return luma, chroma


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
