"""Pictures of a lesson for the report: how view and motors moved, and a contact sheet with the views drawn."""

import io

import cv2
import numpy as np
from cv2.typing import MatLike

from followspot_sim.proof import motion, placing
from followspot_sim.proof.series import Series
from followspot_sim.proof.stills import Stills

COLUMNS = 4
SAFE_BGR, MISSED_BGR, TRUE_BGR = (80, 220, 80), (60, 60, 240), (230, 200, 60)
JPEG_QUALITY = 80


def timeline(series: Series) -> bytes:
    """Bearings, misses, composition error and motion over time, as PNG."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    time_s = np.arange(len(series)) * series.frame_s
    figure, axes = plt.subplots(3, 1, sharex=True, figsize=(11, 6.5), height_ratios=(3, 1, 1), layout="constrained")
    axes[0].plot(
        time_s, np.where(series.present, series.azimuth_deg, np.nan), color="tab:green", lw=2.5, label="teacher"
    )
    axes[0].plot(time_s, series.believed_deg, color="tab:orange", lw=1, label="believed")
    axes[0].plot(time_s, series.pan_deg, color="tab:blue", lw=1, label="pan")
    axes[0].plot(time_s, np.degrees(series.view[:, 0]), color="black", lw=1, label="middle of the view")
    missed = series.present & ~placing.safe(series)
    for axis in axes:
        axis.fill_between(
            time_s, 0, 1, where=missed, transform=axis.get_xaxis_transform(), color="tab:red", alpha=0.2, lw=0
        )
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("azimuth, degrees")
    axes[0].legend(loc="upper right", ncols=4, fontsize=8)
    axes[1].plot(time_s, 100 * placing.misplaced(series), color="tab:red", lw=1)
    axes[1].set_ylabel("error, % of width")
    axes[1].set_ylim(0, 30)
    axes[2].plot(time_s, np.hypot(*motion.shake(series, 2).T), color="tab:purple", lw=0.8)
    axes[2].set_ylabel("px / frame²")
    axes[2].set_ylim(0, 10)
    axes[2].set_xlabel("seconds")
    out = io.BytesIO()
    figure.savefig(out, dpi=90)
    plt.close(figure)
    return out.getvalue()


def contact_sheet(series: Series, stills: Stills) -> bytes:
    """The pictures of the sensor with the recorded view and the true head and shoulders drawn, as JPEG."""
    good = placing.safe(series)
    tiles = [
        _tile(picture, series, int(frame), good=bool(good[frame]))
        for frame, picture in zip(stills.frames, stills.pictures, strict=True)
        if frame < len(series)
    ]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
    sheet = cv2.vconcat([cv2.hconcat(tiles[n : n + COLUMNS]) for n in range(0, len(tiles), COLUMNS)])
    return bytes(cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1])


def _tile(picture: MatLike, series: Series, frame: int, *, good: bool) -> MatLike:
    tile = picture.copy()
    shrink = tile.shape[1] / series.task.sensor_width
    for box, colour in ((series.crop[frame], SAFE_BGR if good else MISSED_BGR), (series.box[frame], TRUE_BGR)):
        if not np.isnan(box).any():
            x, y, width, height = (round(float(value) * shrink) for value in box)
            cv2.rectangle(tile, (x, y), (x + width, y + height), colour, 2, cv2.LINE_AA)
    label = f"{frame * series.frame_s:.1f} s"
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(tile, label, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, thickness, cv2.LINE_AA)
    return tile
