"""The picture that is recorded: the framed view, or all that the camera sees."""

import av

from followspot.domain.view import FramedView, Hiding, Rect
from followspot.media.cputime import CpuMeter
from followspot.media.view import ViewRenderer, black_picture, centre_view
from followspot.settings.models import Settings


class Output:
    """Pictures of one size for one encoder, decided by the first frame."""

    def __init__(self, settings: Settings, first: av.VideoFrame, *, whole: bool, own: bool = False) -> None:
        """`whole`: all that the camera sees. `own`: of each picture a frame that nobody else changes."""
        self._whole = whole
        self._own = own
        # Chroma has half the lines and columns: an odd last one is left off.
        self.width = first.width & ~1 if self._whole else settings.view.width
        self.height = first.height & ~1 if self._whole else settings.view.height
        self._renderer = ViewRenderer(self.width, self.height)
        self._black: av.VideoFrame | None = None
        self.cpu = CpuMeter()
        """What cropping and scaling cost."""

    def picture(self, frame: av.VideoFrame, view: FramedView) -> av.VideoFrame:
        """What is recorded of `frame`, whose `view` is shown where not all of it is: black where it is covered.

        After a change of the camera's shape as much as fits is recorded, from its middle.
        """
        if not self._whole and view.hiding is Hiding.COVERED:
            return self.black
        if self._whole:
            return self.whole_picture(frame)
        with self.cpu:
            return self._renderer.render(frame, view.crop)

    def whole_picture(self, frame: av.VideoFrame) -> av.VideoFrame:
        """All of `frame`, or as much as fits."""
        crop = centre_view(frame.width, frame.height, self.width, self.height)
        if (frame.width & ~1, frame.height & ~1) == (self.width, self.height):
            crop = Rect(0, 0, self.width, self.height)
        with self.cpu:
            return self._renderer.render(frame, crop, own=self._own)

    @property
    def black(self) -> av.VideoFrame:
        """A black picture."""
        if self._black is None:
            self._black = black_picture(self.width, self.height)
        return self._black
