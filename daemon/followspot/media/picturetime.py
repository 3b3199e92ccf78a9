"""From exposure times to the time stamps of the recorded pictures."""

from followspot.media.encoder import VIDEO_TIMESCALE

_NS_PER_S = 1_000_000_000


class PictureTime:
    """Ties media time to CLOCK_MONOTONIC at the first picture."""

    def __init__(self, first_exposure_ns: int, media_start_ns: int, rate_hz: float) -> None:
        self.first_pts = -(-media_start_ns * VIDEO_TIMESCALE // _NS_PER_S)
        self.period_ns = round(_NS_PER_S / rate_hz)
        self._first_exposure_ns = first_exposure_ns

    def pts(self, exposure_ns: int) -> int:
        """Media time stamp, 1/90000 s, of a picture exposed at `exposure_ns`."""
        elapsed_ns = exposure_ns - self._first_exposure_ns
        return self.first_pts + (elapsed_ns * VIDEO_TIMESCALE + _NS_PER_S // 2) // _NS_PER_S
