"""Slow moves of the view do not step: judged on decoded pixels."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest

from followspot.domain.view import Rect
from followspot.media.encoder import MATRIX_BT709, EncoderPair
from followspot.media.view import ViewRenderer, plane_view

SENSOR = (640, 360)
SIZE = (320, 180)
FRAMES = 60


def scene():
    """A soft bright hill in the middle of a grey picture: its place can be measured to a hundredth of a pixel."""
    x, y = np.meshgrid(np.arange(SENSOR[0]) + 0.5, np.arange(SENSOR[1]) + 0.5)
    hill = 60 + 150 * np.exp(-((x - 320) ** 2 + (y - 180) ** 2) / (2 * 9.0**2))
    image = np.full((SENSOR[1] * 3 // 2, SENSOR[0]), 128, np.uint8)
    image[: SENSOR[1]] = np.round(hill)
    frame = av.VideoFrame.from_ndarray(image, "yuv420p")
    frame.time_base = Fraction(1, 90_000)
    return frame


def recorded(crops, make_settings):
    """Where the hill is in each recorded and decoded picture, pixels."""
    settings = make_settings("tcp://127.0.0.1:9", encoder={"bitrate_kbps": 8000})
    pair, renderer, frame = EncoderPair(settings, MATRIX_BT709), ViewRenderer(*SIZE), scene()
    packets = []
    for n, crop in enumerate(crops):
        packets += pair.encode_picture(renderer.render(frame, crop), n * 3000, key=n == 0)
    packets += pair.flush_video()
    stream = io.BytesIO(bytes(pair.video.codec_context.extradata or b"") + b"".join(bytes(p) for p in packets))
    with av.open(stream, format="h264") as container:
        places = [place(plane_view(picture, 0).astype(float)) for picture in container.decode(video=0)]
    pair.close()
    return np.array(places)


def place(luma):
    weight = np.clip(luma - 80, 0, None)
    rows, columns = np.indices(luma.shape) + 0.5
    return (weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum()


@pytest.mark.parametrize("height", [180.0, 200.0])
@pytest.mark.parametrize("speed", [0.1, 0.37])
def test_a_slow_move_is_as_smooth_as_the_view(height, speed, make_settings):
    width = height * 16 / 9
    crops = [Rect(150 + speed * n, 80 + speed * n / 2, width, height) for n in range(FRAMES)]
    places = recorded(crops, make_settings)
    scale = 180 / height
    wanted = -scale * np.column_stack([[crop.x for crop in crops], [crop.y for crop in crops]])
    error = (places - places.mean(axis=0)) - (wanted - wanted.mean(axis=0))
    assert len(places) == FRAMES
    assert np.max(np.abs(error)) < 0.12, "a whole-pixel crop would be off by half a pixel, and by one on even ones"
    assert np.sqrt(np.mean(np.diff(places, 2, axis=0) ** 2)) < 0.08
