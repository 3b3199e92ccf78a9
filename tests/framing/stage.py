"""Pictures for vision: people walk before a wide background, seen by a camera that pans. Truth is by construction."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from followspot.domain.analysis import AnalysisFrame

WIDTH, HEIGHT, HFOV_DEG = 1280, 720, 55.0
FOCAL = WIDTH / 2 / math.tan(math.radians(HFOV_DEG) / 2)
CAMERA_M, STATURE_M = 1.25, 1.72


@dataclass
class Panorama:
    """A cylinder: `image` (BGR) covers `hfov_deg`, its middle at azimuth 0, the horizon at `horizon` of its height."""

    image: np.ndarray
    hfov_deg: float
    horizon: float = 0.5

    def view(self, pan_deg: float, tilt_deg: float) -> np.ndarray:
        scale = self.image.shape[1] / math.radians(self.hfov_deg)
        x = (np.arange(WIDTH, dtype=np.float32) - WIDTH / 2 + 0.5) / FOCAL
        y = (HEIGHT / 2 - 0.5 - np.arange(HEIGHT, dtype=np.float32)) / FOCAL
        across, up = np.meshgrid(x, y)
        tilt = math.radians(tilt_deg)
        ahead, up = math.cos(tilt) - up * math.sin(tilt), up * math.cos(tilt) + math.sin(tilt)
        azimuth = np.arctan2(across, ahead) + math.radians(pan_deg)
        u = azimuth * scale + self.image.shape[1] / 2
        v = self.image.shape[0] * self.horizon - up / np.hypot(across, ahead) * scale
        return cv2.remap(
            self.image, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )


@dataclass
class Sprite:
    """A person: BGRA pictures in turn, head top in row 0, feet in the last, body's middle in the middle column."""

    images: list[np.ndarray]
    rate_hz: float = 10.0

    def draw(
        self, picture: np.ndarray, time_s: float, azimuth_deg: float, distance_m: float, pan_deg: float, tilt_deg: float
    ) -> None:
        image = self.images[int(time_s * self.rate_hz) % len(self.images)]
        x, top, scale = place(azimuth_deg, distance_m, STATURE_M, pan_deg, tilt_deg)
        k = scale * STATURE_M / image.shape[0]
        matrix = np.array([[k, 0, x - k * image.shape[1] / 2], [0, k, top]], np.float32)
        patch = cv2.warpAffine(image, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR if k > 0.7 else cv2.INTER_AREA)
        alpha = patch[:, :, 3:].astype(np.float32) / 255
        picture[:] = (picture * (1 - alpha) + patch[:, :, :3] * alpha).astype(np.uint8)


def place(
    azimuth_deg: float, distance_m: float, height_m: float, pan_deg: float, tilt_deg: float
) -> tuple[float, float, float]:
    """Pixel x, y of a point so high above the floor, and pixels per metre there."""
    relative, tilt = math.radians(azimuth_deg - pan_deg), math.radians(tilt_deg)
    x, z, y = distance_m * math.sin(relative), distance_m * math.cos(relative), height_m - CAMERA_M
    y, z = y * math.cos(tilt) - z * math.sin(tilt), y * math.sin(tilt) + z * math.cos(tilt)
    return WIDTH / 2 + FOCAL * x / z, HEIGHT / 2 - FOCAL * y / z, FOCAL / z


def analysis_frame(bgr: np.ndarray, exposure_ns: int, light: float = 1.0) -> AnalysisFrame:
    if light != 1.0:
        bgr = cv2.convertScaleAbs(bgr, alpha=light)
    planes = cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    rows, columns = bgr.shape[:2]
    size = rows * columns
    half = (rows // 2, columns // 2)
    return AnalysisFrame(
        exposure_ns,
        planes[:size].reshape(rows, columns),
        planes[size : size * 5 // 4].reshape(half),
        planes[size * 5 // 4 :].reshape(half),
    )


def drawn_panorama(seed: int) -> Panorama:
    """A made-up room: a wall with boards, pictures and some texture."""
    rng = np.random.default_rng(seed)
    image = np.empty((450, 1600, 3), np.uint8)
    image[:] = rng.integers(120, 220, 3)
    image[330:] = rng.integers(60, 140, 3)
    for _ in range(60):
        x, y = int(rng.integers(0, 1560)), int(rng.integers(0, 420))
        cv2.rectangle(
            image,
            (x, y),
            (x + int(rng.integers(8, 120)), y + int(rng.integers(8, 90))),
            rng.integers(30, 240, 3).tolist(),
            -1,
        )
    noise = rng.normal(0, 6, image.shape)
    return Panorama(cv2.GaussianBlur(np.clip(image + noise, 0, 255).astype(np.uint8), (3, 3), 0), 170.0)


def drawn_person(seed: int) -> Sprite:
    """A made-up person with swinging legs and arms."""
    rng = np.random.default_rng(seed)
    top, trousers, skin, hair = (rng.integers(20, 235, 3).tolist() for _ in range(4))
    images = []
    for phase in np.linspace(0, 2 * math.pi, 10, endpoint=False):
        image = np.zeros((400, 240, 4), np.uint8)
        swing = int(28 * math.sin(phase))
        for sign in (-1, 1):
            cv2.line(image, (120 + 12 * sign, 200), (120 + sign * swing, 396), (*trousers, 255), 26)
            cv2.line(image, (120 + 42 * sign, 80), (120 + 46 * sign - sign * swing // 2, 190), (*top, 255), 18)
        cv2.ellipse(image, (120, 140), (46, 78), 0, 0, 360, (*top, 255), -1)
        cv2.ellipse(image, (120, 28), (20, 27), 0, 0, 360, (*skin, 255), -1)
        cv2.ellipse(image, (120, 20), (21, 20), 0, 0, 360, (*hair, 255), -1)
        images.append(image)
    return Sprite(images)


def recorded_people(data: Path) -> list[Sprite]:
    """The people of the data folder, cut out of their clips by the empty room; nearly whole bodies only."""
    index = json.loads((data / "index.json").read_text())
    return [_cut(data, person) for person in index["people"]]


def _cut(data: Path, person: dict) -> Sprite:
    boxes = json.loads((data / person["truth"]).read_text())["boxes"]
    empty = cv2.imread(str(data / person["background"]))
    video, images = cv2.VideoCapture(str(data / person["video"])), []
    tall = max(boxes[str(n)][3] for n in range(*person["frames"]) if str(n) in boxes)
    for number in range(person["frames"][1]):
        ok, frame = video.read()
        box = boxes.get(str(number))
        if not ok or number < person["frames"][0] or box is None or box[3] < 0.93 * tall:
            continue
        x, y, w, h = box
        part = frame[y : y + h, x : x + w]
        difference = cv2.absdiff(part, empty[y : y + h, x : x + w]).max(axis=2)
        alpha = cv2.morphologyEx((difference > 22).astype(np.uint8) * 255, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
        torso = alpha[: h // 2].sum(axis=0).astype(float)
        middle = round((torso * np.arange(w)).sum() / torso.sum())
        half = max(middle, w - middle)
        image = np.zeros((h, 2 * half, 4), np.uint8)
        image[:, half - middle : half - middle + w] = np.dstack([part, cv2.GaussianBlur(alpha, (3, 3), 0)])
        images.append(image)
    return Sprite(images)


def recorded_rooms(data: Path) -> list[Panorama]:
    index = json.loads((data / "index.json").read_text())
    return [
        Panorama(cv2.imread(str(data / r["file"])), r["hfov_deg"])
        for r in index["rooms"]
        if r["projection"] == "cylindrical"
    ]
