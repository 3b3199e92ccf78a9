"""A lesson with the whole product in real time, made a series: what the decoded pixels show, against the truth.

A disc is painted on the middle of her head. Where it is found in a decoded picture, it says where the crop was; the
daemon's framing track only says how large the crop was, and which frame it is.
"""

import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from followspot_sim.judge.playback import Picture, read_recording
from followspot_sim.judge.scorecard import Nearest, read_lines
from followspot_sim.proof.series import Series, Task
from followspot_sim.stage import Stage, StageOptions

SHOT_SHARE, HEADROOM_SHARE, MAX_UPSCALE = 0.34, 0.14, 1.6
"""What is asked of the daemon here, in so many words: a waist shot."""
DONE_TIMEOUT_S = 20.0
OUT_WIDTH, OUT_HEIGHT = 1280, 720


def record(
    scenario: str, seed: int, data: str | None, seconds: float, settings: Mapping[str, Any], folder: Path
) -> Series:
    """Teach for so long in real time, then read what was recorded. Raises RuntimeError when the product fails."""
    simulator = ["--scenario", scenario, "--seed", str(seed), "--fiducial", *(["--data", data] if data else [])]
    with Stage(StageOptions(folder, simulator, tables=_tables(settings))) as stage:
        stage.start()
        with contextlib.suppress(RuntimeError):  # without a marker the dock does not turn before the lesson
            stage.wait_until_aimed()
        stage.command("start")
        stage.wait_for("lesson.started", lambda: bool(stage.listener.events("lesson.started")), DONE_TIMEOUT_S)
        time.sleep(seconds)
        stage.command("stop")
        stage.wait_for("lesson.completed", lambda: bool(stage.listener.events("lesson.completed")), DONE_TIMEOUT_S)
        lesson, endpoints = stage.lessons()[-1], stage.endpoints
    manifest = json.loads((lesson / "manifest.json").read_text())
    recording = read_recording([lesson / segment["file"] for segment in manifest["segments"]], with_disc=True)
    of = _task(scenario, seed, endpoints, settings)
    return from_files(
        of, read_lines(lesson / "framing.jsonl"), read_lines(folder / "truth" / "truth.jsonl"), recording.pictures
    )


def _tables(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    view = {"shot_share": SHOT_SHARE, "headroom_share": HEADROOM_SHARE, "width": OUT_WIDTH, "height": OUT_HEIGHT}
    tables: dict[str, dict[str, Any]] = {"view": {**view, "max_upscale": MAX_UPSCALE}}
    for key, value in settings.items():
        table, _, name = key.partition(".")
        tables.setdefault(table, {})[name] = value
    return tables


def _task(scenario: str, seed: int, endpoints: Mapping[str, Any], settings: Mapping[str, Any]) -> Task:
    view = _tables(settings)["view"]
    return Task(
        scenario=scenario,
        seed=seed,
        operator="followspot",
        rate_hz=float(endpoints["rate_hz"]),
        sensor_width=int(endpoints["width"]),
        sensor_height=int(endpoints["height"]),
        hfov_deg=float(endpoints["hfov_deg"]),
        width=int(view["width"]),
        height=int(view["height"]),
        shot_share=float(view["shot_share"]),
        headroom_share=float(view["headroom_share"]),
        lead_share=float(view.get("lead_share", 0.0)),
        max_upscale=float(view["max_upscale"]),
    )


def from_files(
    of: Task, track: Sequence[dict[str, Any]], truth: Sequence[dict[str, Any]], pictures: Sequence[Picture]
) -> Series:
    """Pair framing track, truth and decoded pictures of the same frames; held pictures and cuts are left out."""
    by_time = Nearest((row["t_ns"], row) for row in truth)
    by_media = Nearest((picture.media_ns, picture) for picture in pictures)
    shown = [line for line in track if "cut" not in line and not line["held"]]
    pairs = [
        (line, row, by_media.get(line["pts_ns"])) for line in shown if (row := by_time.get(line["t_ns"])) is not None
    ]
    rows = [row for _, row, _ in pairs]
    return Series(
        task=of,
        box=_columns([row["box"] for row in rows], 4),
        head=_columns([row["head"] for row in rows], 2),
        azimuth_deg=np.array([row["azimuth_deg"] for row in rows]),
        distance_m=np.array([row["distance_m"] for row in rows]),
        walking=np.array([row["walking"] for row in rows], dtype=bool),
        present=np.array([row["present"] for row in rows], dtype=bool),
        visible=np.array([row["visible"] for row in rows]),
        others_deg=np.empty((len(rows), 0)),
        pan_deg=np.array([row["pan_deg"] for row in rows]),
        tilt_deg=np.array([row["tilt_deg"] for row in rows]),
        crop=np.array([_crop(line["crop"], row["head"], picture) for line, row, picture in pairs]),
        believed_deg=_columns([[line["azimuth_deg"]] for line, _, _ in pairs], 1)[:, 0],
    )


def _crop(told: Sequence[float], head: Sequence[float] | None, picture: Picture | None) -> tuple[float, ...]:
    """The crop, laid by the disc where there is one."""
    x, y, width, height = told
    if picture is None or picture.disc is None or head is None:
        return x, y, width, height
    return head[0] - picture.disc[0] * width, head[1] - picture.disc[1] * height, width, height


def _columns(values: Sequence[Sequence[float | None] | None], count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([value or [np.nan] * count for value in values], dtype=float).reshape(-1, count)
