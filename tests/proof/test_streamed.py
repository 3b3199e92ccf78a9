"""A lesson of the whole product made a series: what the decoded pixels say outranks the framing track."""

import numpy as np
import pytest

from followspot_sim.judge.playback import Picture
from followspot_sim.proof import placing
from followspot_sim.proof.streamed import from_files
from proof.made import SHOT_PX, TASK, made

FRAME_NS = 33_333_333


def files(frames=30, pixels_off=0.0):
    """Track, truth and pictures of her standing well placed; the disc lies `pixels_off` beside where the track says."""
    series = made(frames)
    track, truth, pictures = [], [], []
    for n in range(frames):
        crop, head = series.crop[n], series.head[n]
        line = {"pts_ns": n * FRAME_NS, "t_ns": 10**12 + n * FRAME_NS, "crop": crop.tolist(), "held": False}
        track.append({**line, "azimuth_deg": None})
        pose = {"pan_deg": 0.0, "tilt_deg": 0.0, "azimuth_deg": 0.0, "distance_m": 3.5}
        seen = {"box": series.box[n].tolist(), "head": head.tolist(), "walking": False, "present": True, "visible": 1.0}
        truth.append({"t_ns": line["t_ns"] + 400, **pose, **seen})
        place = (head + np.array([pixels_off, 0.0]) - crop[:2]) / crop[2:]
        pictures.append(Picture(line["pts_ns"], 100.0, (float(place[0]), float(place[1]), 0.05)))
    return track, truth, pictures


def test_a_lesson_as_it_was_told_is_judged_as_it_was():
    series = from_files(TASK, *files())
    assert len(series) == 30
    assert placing.safe(series).all()
    assert placing.misplaced(series) == pytest.approx(0, abs=1e-9)


def test_the_disc_outranks_a_framing_track_that_lies():
    series = from_files(TASK, *files(pixels_off=0.1 * SHOT_PX * 16 / 9))
    assert placing.misplaced(series) == pytest.approx(0.1)


def test_cuts_held_pictures_and_frames_without_truth_are_left_out():
    track, truth, pictures = files()
    track[3]["held"] = True
    series = from_files(TASK, [{"cut": "pause"}, *track], truth[:20], pictures)
    assert len(series) == 19
    assert np.isnan(series.believed_deg).all()


def test_who_is_not_before_the_camera_has_no_box():
    track, truth, pictures = files()
    truth[5] |= {"box": None, "head": None}
    pictures[5] = Picture(pictures[5].media_ns, 100.0, None)
    series = from_files(TASK, track, truth, pictures)
    assert np.isnan(series.box[5]).all()
    assert not placing.safe(series)[5]
