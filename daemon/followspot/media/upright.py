"""Turn pictures upright in their pixels, once, before anybody else sees them."""

from typing import Literal

import av
import cv2

from followspot.domain.analysis import Plane
from followspot.media.view import lines_per_chroma, plane_view

Rotation = Literal[0, 90, 180, 270]

_QUARTERS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
# cv2.flip: about the vertical axis.
_LEFT_RIGHT = 1
# cv2.flip: about the horizontal axis, which is what turning by 180 degrees and mirroring comes to.
_TOP_BOTTOM = 0


class Upright:
    """Turns planar frames clockwise by `rotation`, then swaps left and right if `mirror`.

    Chroma of the left one of two luma pixels is that of the right one when mirrored: this half pixel is left as it is.
    """

    def __init__(self, rotation: Rotation, *, mirror: bool) -> None:
        self._rotation = rotation
        self._mirror = mirror

    def of(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame upright: itself where there is nothing to do."""
        if not self._rotation and not self._mirror:
            return frame
        sideways = self._rotation in (90, 270)
        # Lying on its side, a picture with chroma in every line would have it in every column: no decoder's format.
        step = 2 // lines_per_chroma(frame) if sideways else 1
        name = frame.format.name.replace("422", "420") if sideways else frame.format.name
        size = (frame.height, frame.width) if sideways else (frame.width, frame.height)
        upright = av.VideoFrame(*size, name)
        for index in range(3):
            source = plane_view(frame, index)
            self._turn(source[:: step if index else 1], plane_view(upright, index))
        upright.colorspace, upright.color_range = frame.colorspace, frame.color_range
        return upright

    def _turn(self, source: Plane, target: Plane) -> None:
        if not self._rotation:
            cv2.flip(source, _LEFT_RIGHT, dst=target)
        elif not self._mirror:
            cv2.rotate(source, _QUARTERS[self._rotation], dst=target)
        elif self._rotation == 180:
            cv2.flip(source, _TOP_BOTTOM, dst=target)
        else:
            # Both come to a transposition, of the picture or of the picture on its head.
            cv2.transpose(source if self._rotation == 90 else cv2.rotate(source, cv2.ROTATE_180), dst=target)
