"""The teacher and the board in one picture, and the room beside who stands at the board."""

from __future__ import annotations

from dataclasses import dataclass

from followspot.domain.belief import Estimate
from followspot.domain.body import Body
from followspot.domain.geometry import Aim, Bearing, Lens, clamp, wrap_deg
from followspot.domain.zones import Zone

AROUND = 1.12
"""Round board and teacher there is this much picture."""
FITS_FROM, FITS_UP_TO = 0.9, 1.0
"""Both are shown once they need less of the widest view than the first; up to the last in part, so no view jumps."""
THIRD = 1 / 6
"""A third of the picture's width is this far from its middle."""
AT_BOARD = 1.15
"""She stands at the board while she is within so many times its half width of its middle, and beside it at..."""
BESIDE_BOARD = 1.6


@dataclass(frozen=True, slots=True)
class Both:
    """The picture that holds teacher and board: its height in sensor pixels, its middle, and how far it is wanted."""

    height: float
    centre: Bearing
    share: float


def both(board: Zone, lens: Lens, estimate: Estimate, body: Body, aspect: float, widest: float) -> Both:
    """What holds the board and head and shoulders, as seen by a camera that aims between them."""
    middle = (board.left_deg + board.right_deg) / 2
    half = board.width_deg / 2
    beside = wrap_deg(estimate.chest.azimuth_deg - middle)
    level = (board.bottom_deg + board.top_deg) / 2
    aim = Aim(middle + (min(-half, beside) + max(half, beside)) / 2, level)
    bust = body.bust(lens, aim, estimate.chest, estimate.distance_m)
    corners = [
        lens.project(Bearing(azimuth, elevation), aim)
        for azimuth in (board.left_deg, middle, board.right_deg)
        for elevation in (board.bottom_deg, board.top_deg)
    ]
    corners += [(bust.x, bust.y), (bust.x + bust.width, bust.y + bust.height)]
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    top, bottom = min(y for _, y in corners), max(y for _, y in corners)
    height = max(bottom - top, (right - left) / aspect) * AROUND
    share = clamp((FITS_UP_TO - height / widest) / (FITS_UP_TO - FITS_FROM), 0.0, 1.0)
    return Both(min(height, widest), lens.unproject((left + right) / 2, (top + bottom) / 2, aim), share)


def room_beside(board: Zone, azimuth_deg: float) -> float:
    """The room that belongs beside who stands at the board: a share of the width, positive to the right.

    It lies towards the board's middle, where what she writes and points at is: at the board's edge it puts her on the
    line of thirds, in front of its middle there is none. Who stands beside the board needs less and less.
    """
    half = board.width_deg / 2
    off = wrap_deg(azimuth_deg - (board.left_deg + board.right_deg) / 2) / half
    there = clamp((BESIDE_BOARD - abs(off)) / (BESIDE_BOARD - AT_BOARD), 0.0, 1.0)
    return -clamp(off, -1.0, 1.0) * THIRD * there


def between(one: Bearing, other: Bearing, share: float) -> Bearing:
    """The direction at `share` of the way from one to the other."""
    azimuth = one.azimuth_deg + share * wrap_deg(other.azimuth_deg - one.azimuth_deg)
    return Bearing(wrap_deg(azimuth), one.elevation_deg + share * (other.elevation_deg - one.elevation_deg))
