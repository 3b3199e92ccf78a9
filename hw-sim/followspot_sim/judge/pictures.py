"""The pictures a person judges a lesson by: contact sheet and plot of the bearings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from followspot_sim.judge.playback import stills
from followspot_sim.judge.scorecard import SAFE_MARGIN, Box, Frame, Nearest

COLUMNS, ROWS = 4, 4
TILE_WIDTH = 480
TRUE_BGR = (80, 220, 80)
BELIEVED_BGR = (40, 160, 255)
SAFE_BGR = (200, 200, 200)
HEADER_PX = 40

Image = NDArray[np.uint8]


def contact_sheet(files: Sequence[Path], frames: Sequence[Frame], out: Path) -> None:
    """Sixteen recorded frames, evenly spread, with the true and the believed head and shoulders drawn on them."""
    first, last = frames[0].media_ns, frames[-1].media_ns
    times = [int(t) for t in np.linspace(first, last, COLUMNS * ROWS, endpoint=False)]
    by_time = Nearest((f.media_ns, f) for f in frames)
    tiles = [_tile(picture, by_time.get(media_ns), media_ns) for media_ns, picture in stills(files, times)]
    tiles += [np.zeros_like(tiles[0])] * (COLUMNS * ROWS - len(tiles))
    rows = [cv2.hconcat(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
    sheet = cv2.vconcat([_header(rows[0].shape[1]), *rows])
    cv2.imwrite(str(out), sheet)


def _tile(picture: Image, frame: Frame | None, media_ns: int) -> Image:
    height = round(TILE_WIDTH * picture.shape[0] / picture.shape[1])
    tile: Image = cv2.resize(picture, (TILE_WIDTH, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    _draw(tile, (SAFE_MARGIN, SAFE_MARGIN, 1 - 2 * SAFE_MARGIN, 1 - 2 * SAFE_MARGIN), SAFE_BGR, 1)
    if frame is not None:
        _draw(tile, frame.box, TRUE_BGR, 2)
        if frame.believed is not None:
            _draw(tile, frame.believed, BELIEVED_BGR, 1)
    label = f"{media_ns / 1e9:5.1f} s" + (f"  {frame.track['state']}" if frame else "")
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(tile, label, (8, height - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, thickness, cv2.LINE_AA)
    return cv2.copyMakeBorder(tile, 1, 1, 1, 1, cv2.BORDER_CONSTANT).astype(np.uint8)


def _draw(tile: Image, box: Box, colour: tuple[int, int, int], thickness: int) -> None:
    height, width = tile.shape[:2]
    left, top = round(box[0] * width), round(box[1] * height)
    right, bottom = round((box[0] + box[2]) * width), round((box[1] + box[3]) * height)
    cv2.rectangle(tile, (left, top), (right, bottom), colour, thickness, cv2.LINE_AA)


def _header(width: int) -> Image:
    header: Image = np.full((HEADER_PX, width, 3), 32, np.uint8)
    x = 12
    for text, colour in (
        ("Followspot: recorded frames", (255, 255, 255)),
        ("true head and shoulders", TRUE_BGR),
        ("believed", BELIEVED_BGR),
        ("safe area (central 90 %)", SAFE_BGR),
    ):
        cv2.putText(header, text, (x, 26), cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, 1, cv2.LINE_AA)
        x += cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.6, 1)[0][0] + 36
    return header


def bearing_plot(frames: Sequence[Frame], marker: Sequence[dict[str, Any]], out: Path) -> None:
    """True bearing, marker, estimate and pan over media time, and the pointing error below."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    origin_ns = frames[0].truth["t_ns"] - frames[0].media_ns
    time_s = [f.media_ns / 1e9 for f in frames]
    seen = [m for m in marker if m["quality"] > 0 and 0 <= m["t_ns"] - origin_ns <= frames[-1].media_ns]
    figure, (upper, lower) = plt.subplots(
        2, 1, sharex=True, figsize=(13, 7), height_ratios=(3, 1), layout="constrained"
    )
    upper.plot(
        [(m["t_ns"] - origin_ns) / 1e9 for m in seen],
        [m["azimuth_deg"] for m in seen],
        ".",
        color="0.7",
        markersize=3,
        label="marker",
    )
    upper.plot(time_s, [f.truth["azimuth_deg"] for f in frames], color="tab:green", linewidth=2.5, label="true teacher")
    upper.plot(time_s, _series(frames, "azimuth_deg"), color="tab:orange", linewidth=1.2, label="estimate")
    upper.plot(time_s, [f.truth["pan_deg"] for f in frames], color="tab:blue", linewidth=1.2, label="pan (true)")
    hidden = [f.truth["visible"] < 0.5 for f in frames]
    for axis in (upper, lower):
        axis.grid(alpha=0.3)
        if any(hidden):
            label = "hidden" if axis is upper else None
            shade = axis.get_xaxis_transform()
            axis.fill_between(time_s, 0, 1, where=hidden, transform=shade, color="0.9", lw=0, label=label)
    upper.set_ylabel("azimuth, degrees (right positive)")
    figure.legend(loc="outside lower center", ncols=5)
    upper.set_title("Where the teacher was, what was known of it, and where the dock pointed")
    lower.plot(time_s, [f.pointing_deg for f in frames], color="tab:red", linewidth=1)
    lower.set_ylabel("view off by, degrees")
    lower.set_xlabel("media time, seconds")
    figure.savefig(out, dpi=100)
    plt.close(figure)


def _series(frames: Sequence[Frame], key: str) -> list[float]:
    return [float("nan") if f.track[key] is None else f.track[key] for f in frames]
