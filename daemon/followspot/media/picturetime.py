"""From exposure times to the time stamps of the recorded pictures, and from those to media time."""

from followspot.media.encoder import VIDEO_TIMESCALE

_NS_PER_S = 1_000_000_000


class PictureTime:
    """Ties media time to CLOCK_MONOTONIC at the first picture."""

    def __init__(self, first_exposure_ns: int, media_start_ns: int, rate_hz: float) -> None:
        """`media_start_ns` need not lie on a tick of 1/90000 s: the first picture gets the nearest."""
        self.first_pts = _nearest_tick(media_start_ns)
        self.period_ns = round(_NS_PER_S / rate_hz)
        self._media_start_ns = media_start_ns
        self._first_exposure_ns = first_exposure_ns

    def pts(self, exposure_ns: int) -> int:
        """Media time stamp, 1/90000 s, of a picture exposed at `exposure_ns`."""
        return self.first_pts + _nearest_tick(exposure_ns - self._first_exposure_ns)

    def media_ns(self, pts: int) -> int:
        """Media time of a time stamp; of the first picture exactly where the media before it ended."""
        return self._media_start_ns if pts == self.first_pts else pts * _NS_PER_S // VIDEO_TIMESCALE


def _nearest_tick(time_ns: int) -> int:
    return (time_ns * VIDEO_TIMESCALE + _NS_PER_S // 2) // _NS_PER_S
