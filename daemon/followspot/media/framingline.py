"""One line of the framing track: where the camera looked and what was recorded of it."""

import json

from followspot.domain.view import FramedView, Rect

# Hundredths of a pixel and thousandths of a degree: finer than anything that is known.
_PIXEL_DIGITS = 2
_ANGLE_DIGITS = 3


def framing_line(pts_ns: int, exposure_ns: int, view: FramedView, *, held: bool, whole: bool = False) -> bytes:
    """The line of one recorded picture, compact JSON with its line feed; `whole`: all that the camera saw is in it."""
    record = {
        "pts_ns": pts_ns,
        "t_ns": exposure_ns,
        "state": str(view.state),
        "pan_deg": _angle(view.pan_deg),
        "tilt_deg": _angle(view.tilt_deg),
        "azimuth_deg": _angle(view.azimuth_deg),
        "elevation_deg": _angle(view.elevation_deg),
        "box": _rect(view.box),
        "crop": _rect(view.crop),
        "held": held,
        "hiding": str(view.hiding),
    }
    if whole:
        record["picture"] = "full"
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def _angle(value_deg: float | None) -> float | None:
    return None if value_deg is None else round(value_deg, _ANGLE_DIGITS)


def _rect(rect: Rect | None) -> list[float] | None:
    if rect is None:
        return None
    return [round(value, _PIXEL_DIGITS) for value in (rect.x, rect.y, rect.width, rect.height)]
