"""How well a recorded lesson shows the teacher: measured on the decoded files against the simulator's truth.

Every figure has one definition, here. With the fiducial painted, the teacher is looked for in the decoded
pixels and no line of the daemon is believed; without it, the daemon's framing track says which part of the sensor
picture a frame shows (a run with the fiducial checks that track against the pixels: `track_error_px`).
"""

import bisect
import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from followspot_sim.judge.playback import Recording, av_offsets_ms, read_recording

SAFE_MARGIN = 0.05
"""The safe area is the central 90 % of the picture: 5 % off each edge."""
MIN_HEIGHT_SHARE = 0.2
"""Head and shoulders smaller than a fifth of the picture's height are too small to coach from."""
FLOOR_SAFE_SHARE = 0.95
FLOOR_AV_OFFSET_MS = 40.0
FLOOR_FRAMES_SHARE = 0.98

SAME_FRAME_NS = 2_000_000
"""Times of one frame differ by the rounding of time bases alone; the next frame is 16 ms away or more."""

T = TypeVar("T")
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """One recorded frame with its truth. Boxes are (x, y, width, height) as shares of the recorded picture."""

    media_ns: int
    truth: dict[str, Any]
    track: dict[str, Any]
    box: Box
    believed: Box | None
    pointing_deg: float


def read_lines(file: Path) -> list[dict[str, Any]]:
    """A JSON-lines file; a last line that was cut short is left out."""
    rows: list[dict[str, Any]] = []
    for line in file.read_text().splitlines() if file.exists() else []:
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


class Nearest(Generic[T]):
    """Looks things up by a time in nanoseconds that two clocks rounded differently."""

    def __init__(self, items: Iterable[tuple[int, T]]) -> None:
        pairs = sorted(items, key=lambda pair: pair[0])
        self._times = [time_ns for time_ns, _ in pairs]
        self._items = [item for _, item in pairs]

    def get(self, time_ns: int) -> T | None:
        """The item nearest to `time_ns`, None when it is more than 2 ms away."""
        place = bisect.bisect_left(self._times, time_ns)
        near = [i for i in (place - 1, place) if 0 <= i < len(self._times)]
        best = min(near, key=lambda i: abs(self._times[i] - time_ns), default=None)
        return self._items[best] if best is not None and abs(self._times[best] - time_ns) <= SAME_FRAME_NS else None


def in_picture(box: Sequence[float], crop: Sequence[float]) -> Box:
    """A box in sensor pixels as shares of the picture that shows `crop`."""
    x, y, width, height = crop
    return ((box[0] - x) / width, (box[1] - y) / height, box[2] / width, box[3] / height)


def is_safe(box: Box) -> bool:
    """Whether head and shoulders lie in the central 90 % of the picture and are at least 20 % of its height."""
    left, top, width, height = box
    inside = (
        left >= SAFE_MARGIN
        and top >= SAFE_MARGIN
        and left + width <= 1 - SAFE_MARGIN
        and top + height <= 1 - SAFE_MARGIN
    )
    return inside and height >= MIN_HEIGHT_SHARE


def match_frames(
    track: Iterable[dict[str, Any]], truth: Iterable[dict[str, Any]], hfov_deg: float, width: int
) -> list[Frame]:
    """Pair each line of the framing track with the truth of the frame exposed at that time, to 2 ms."""
    by_time = Nearest((row["t_ns"], row) for row in truth)
    focal_px = width / 2 / math.tan(math.radians(hfov_deg / 2))
    frames: list[Frame] = []
    for line in track:
        row = by_time.get(line["t_ns"])
        if row is None or row["box"] is None:  # beside or behind the camera: not in the picture, so not safe
            continue
        crop = line["crop"]
        centre_px = crop[0] + crop[2] / 2
        off_deg = math.degrees(
            math.atan((row["head"][0] - width / 2) / focal_px) - math.atan((centre_px - width / 2) / focal_px)
        )
        believed = in_picture(line["box"], crop) if line["box"] else None
        frames.append(Frame(line["pts_ns"], row, line, in_picture(row["box"], crop), believed, off_deg))
    return frames


def fiducial_box(frame: Frame, disc: tuple[float, float, float], sensor_height: float, aspect: float) -> Box:
    """Where head and shoulders are in the picture by the disc alone: centre and diameter as shares of its height.

    The disc is 4 % of the sensor's height wide, so its size tells the zoom; truth tells the box relative to the head.
    """
    centre_x, centre_y, diameter = disc
    pictures_per_px = diameter / (0.04 * sensor_height)
    box, head = frame.truth["box"], frame.truth["head"]
    return (
        centre_x + (box[0] - head[0]) * pictures_per_px / aspect,
        centre_y + (box[1] - head[1]) * pictures_per_px,
        box[2] * pictures_per_px / aspect,
        box[3] * pictures_per_px,
    )


def fiducial_scores(frames: Sequence[Frame], recording: Recording, sensor_height: float) -> dict[str, Any]:
    """The safe-area share from the disc in the pixels, and how far the framing track is off those pixels."""
    aspect = recording.width / recording.height
    safe = found = 0
    errors: list[float] = []
    by_pts = Nearest((f.media_ns, f) for f in frames)
    for picture in recording.pictures:
        frame = by_pts.get(picture.media_ns)
        if frame is None or picture.disc is None:
            continue
        found += 1
        safe += is_safe(fiducial_box(frame, picture.disc, sensor_height, aspect))
        head = in_picture([*frame.truth["head"], 0, 0], frame.track["crop"])
        errors.append(
            math.hypot((head[0] - picture.disc[0]) * recording.width, (head[1] - picture.disc[1]) * recording.height)
        )
    return {
        "safe_area_share": round(safe / max(1, len(recording.pictures)), 4),
        "fiducial_found_share": round(found / max(1, len(recording.pictures)), 4),
        "track_error_px": round(float(np.median(errors)), 2) if errors else None,
    }


def check_announced(events: Sequence[dict[str, Any]], media: Path, lesson_id: str) -> tuple[int, list[str]]:
    """Hold every `segment.ready` of the lesson against its file: how many, and what is wrong."""
    wrong: list[str] = []
    ready = [e["data"] for e in events if e["type"] == "segment.ready" and e["data"]["lesson_id"] == lesson_id]
    for data in ready:
        file = media / data["path"]
        if not file.is_file():
            wrong.append(f"{data['path']}: announced and not there")
        elif file.stat().st_size != data["size"]:
            wrong.append(f"{data['path']}: {file.stat().st_size} bytes, announced {data['size']}")
        elif hashlib.sha256(file.read_bytes()).hexdigest() != data["sha256"]:
            wrong.append(f"{data['path']}: its hash is not the announced one")
    return len({d["index"] for d in ready}), wrong


def longest_miss_s(safe: Sequence[bool], rate_hz: float) -> float:
    """The longest run of frames outside the safe area, in seconds."""
    longest = run = 0
    for ok in safe:
        run = 0 if ok else run + 1
        longest = max(longest, run)
    return longest / rate_hz


def frames_due(track: Sequence[dict[str, Any]], rate_hz: float) -> int:
    """How many frames a camera of this rate owes from the lesson's first to its last, whatever it delivered."""
    return round((track[-1]["t_ns"] - track[0]["t_ns"]) / 1e9 * rate_hz) + 1 if track else 0


def rms(values: Iterable[float]) -> float:
    """Root mean square; 0 for nothing."""
    array = np.fromiter(values, dtype=float)
    return float(np.sqrt(np.mean(array**2))) if array.size else 0.0


@dataclass(frozen=True)
class Scored:
    """The flat scorecard and the frames it was made from."""

    card: dict[str, Any]
    frames: list[Frame]
    recording: Recording


def score(
    lesson: Path,
    sim: Path,
    events: Sequence[dict[str, Any]],
    endpoints: dict[str, Any],
    cpu_s: float,
    *,
    fiducial: bool,
) -> Scored:
    """Judge one lesson folder by the truth in `sim` and the events as an independent subscriber got them."""
    manifest = json.loads((lesson / "manifest.json").read_text())
    lines = [line for line in read_lines(lesson / "framing.jsonl") if "cut" not in line]
    track = [line for line in lines if not line["held"]]
    held = len(lines) - len(track)
    recording = read_recording([lesson / s["file"] for s in manifest["segments"]], with_disc=fiducial)
    truth = read_lines(sim / "truth.jsonl")
    frames = match_frames(track, truth, endpoints["hfov_deg"], endpoints["width"])
    safe = [is_safe(f.box) for f in frames]
    due = frames_due(track, endpoints["rate_hz"])
    recorded = len(recording.pictures) - held
    announced, wrong = check_announced(events, lesson.parent, lesson.name)
    if announced != len(manifest["segments"]):
        wrong.append(f"{announced} segments announced, {len(manifest['segments'])} in the manifest")
    claps = [c["t_ns"] for c in read_lines(sim / "claps.jsonl")]
    offsets = av_offsets_ms(recording, [_media_time(c, track) for c in claps])
    card: dict[str, Any] = {
        "lesson_id": lesson.name,
        "complete": any(e["type"] == "lesson.completed" and e["data"]["lesson_id"] == lesson.name for e in events),
        "duration_s": round(recording.duration_s, 3),
        "frames_recorded": len(recording.pictures),
        "frames_due": due,
        "frames_share": round(recorded / due, 4) if due else 0.0,
        "segments": len(manifest["segments"]),
        "segments_announced": announced,
        "announced_wrong": len(wrong),
        "gaps": len(manifest["gaps"]),
        "safe_area_share": round(sum(safe) / max(1, len(recording.pictures)), 4),
        "longest_miss_s": round(longest_miss_s(safe, endpoints["rate_hz"]), 2),
        "pointing_rms_deg": round(rms(f.pointing_deg for f in frames), 3),
        "estimate_rms_deg": round(_estimate_rms(frames), 3),
        "av_offset_ms": round(float(np.median(offsets)), 2) if offsets else None,
        "av_offset_worst_ms": round(_worst(offsets), 2) if offsets else None,
        "claps_measured": len(offsets),
        "cpu_ms_per_frame": round(cpu_s * 1000 / max(1, len(recording.pictures)), 2),
        "sound_rms_db": round(recording.sound_db, 1),
    }
    if fiducial:
        card |= fiducial_scores(frames, recording, endpoints["height"])
    card["wrong"] = "; ".join(wrong)
    return Scored(card, frames, recording)


def _worst(values: Sequence[float]) -> float:
    return max(values, key=abs)


def _estimate_rms(frames: Sequence[Frame]) -> float:
    return rms(f.track["azimuth_deg"] - f.truth["azimuth_deg"] for f in frames if f.track["azimuth_deg"] is not None)


def _media_time(t_ns: int, track: Sequence[dict[str, Any]]) -> int:
    """Roughly where in the media a moment is: only the neighbourhood in which the clap is then looked for."""
    return int(t_ns - track[0]["t_ns"] + track[0]["pts_ns"]) if track else 0


def failures(card: dict[str, Any]) -> list[str]:
    """What in a scorecard is below the floor, in plain words; empty when the lesson is good."""
    offset = card["av_offset_ms"]
    floor = [
        (card["complete"], "no lesson.completed was heard"),
        (not card["announced_wrong"], f"announced files do not match: {card['wrong']}"),
        (card["segments_announced"] > 0, "no segment was announced"),
        (card["safe_area_share"] >= FLOOR_SAFE_SHARE, f"safe area {card['safe_area_share']:.3f} < {FLOOR_SAFE_SHARE}"),
        (card["gaps"] == 0, f"{card['gaps']} gaps"),
        (offset is not None and abs(offset) <= FLOOR_AV_OFFSET_MS, f"sound against picture: {offset} ms"),
        (card["frames_share"] >= FLOOR_FRAMES_SHARE, f"only {card['frames_share']:.3f} of the frames due"),
    ]
    return [words for ok, words in floor if not ok]
