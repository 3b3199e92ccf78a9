"""Both looks: the picture shows a person where the truth says, and nobody elsewhere."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from followspot_sim import cutout
from followspot_sim.errors import SimulatorError
from followspot_sim.geometry import Stand
from followspot_sim.index import DataFolder
from followspot_sim.render import FIDUCIAL_DIAMETER_SHARE, Picture, Placed, Renderer, Shot
from followspot_sim.setup import Prepared

Build = Callable[..., Prepared]


def shot_at_teacher(prepared: Prepared, time_ns: int, off_deg: float = 4.0) -> Shot:
    """Looking a little past the teacher, so that a mirrored axis shows."""
    teacher = prepared.world.teacher_at(time_ns)
    return Shot(teacher.stand.azimuth_deg - off_deg, 1.0, 0.0, 0.0, 0.0)


def lone_teacher(prepared: Prepared, time_ns: int, shot: Shot) -> tuple[Picture, Picture]:
    """The room with the teacher alone, and without anybody."""
    renderer = Renderer(prepared.lens, prepared.look.room)
    teacher = prepared.world.teacher_at(time_ns)
    sprite = prepared.look.teacher.sprite_at(time_ns / 1e9, teacher)
    return renderer.take(shot, [Placed(sprite, teacher.stand, teacher.stature_m)]), renderer.take(shot, [])


def assert_person_is_where_truth_says(prepared: Prepared, time_ns: int) -> None:
    shot = shot_at_teacher(prepared, time_ns)
    with_teacher, without = lone_teacher(prepared, time_ns, shot)
    changed = cv2.absdiff(with_teacher.luma, without.luma) > 8
    _, truth = prepared.scene.take(time_ns, shot)
    assert truth.body is not None
    x, y, width, height = truth.body
    rows, columns = np.nonzero(changed)
    assert len(rows) > 0.2 * width * min(height, prepared.lens.height - y)
    assert columns.min() >= x - 12
    assert columns.max() <= x + width + 12
    assert rows.min() == pytest.approx(y, abs=4)
    assert truth.box is not None
    left, top, across, down = (round(v) for v in truth.box)
    assert changed[top : top + down, left : left + across].mean() > 0.35


@pytest.mark.parametrize("second", [2, 8, 14, 33])
def test_the_drawn_teacher_is_where_truth_says(drawn: Prepared, second: int) -> None:
    assert_person_is_where_truth_says(drawn, second * 10**9)


@pytest.mark.parametrize("second", [1, 3, 9])
def test_a_person_from_any_folder_is_where_truth_says(build: Build, other_folder: Path, second: int) -> None:
    prepared = build("--data", str(other_folder), "--size", "640x360")
    assert prepared.look.teacher.stature_m == 1.6
    assert_person_is_where_truth_says(prepared, second * 10**9)


def test_a_white_shirt_on_a_white_wall_leaves_no_hole(other_folder: Path) -> None:
    data = DataFolder(other_folder)
    sprites = cutout.cut(data, data.people[0])
    assert len(sprites) > 15
    for sprite in sprites:
        height, width = sprite.yuva.shape[:2]
        shirt = sprite.yuva[round(height * 0.25) : round(height * 0.5), round(width * 0.3) : round(width * 0.7), 3]
        assert shirt.mean() > 250
        assert sprite.axis_px == pytest.approx(width / 2, abs=4)


def test_a_person_who_never_is_wholly_in_the_picture_is_told(other_folder: Path, tmp_path: Path) -> None:
    index = json.loads((other_folder / "index.json").read_text())
    for name in ("clip.mkv", "empty.png"):
        (tmp_path / name).write_bytes((other_folder / name).read_bytes())
    (tmp_path / "truth.json").write_text(json.dumps({"boxes": {"3": [0, 0, 50, 240]}}))
    (tmp_path / "index.json").write_text(json.dumps({"people": index["people"]}))
    data = DataFolder(tmp_path)
    with pytest.raises(SimulatorError, match="none with all of white-shirt in the picture"):
        cutout.cut(data, data.people[0])


def test_a_full_circle_has_no_seam(build: Build, other_folder: Path) -> None:
    prepared = build("--data", str(other_folder), "--size", "320x180")
    renderer = Renderer(prepared.lens, prepared.look.room)
    plain, turned = (renderer.take(Shot(pan, 0.0, 0.0, 0.0, 0.0), []).luma for pan in (-180.0, 180.0))
    assert cv2.absdiff(plain, turned).max() <= 2


def test_beyond_the_edges_of_the_room_nothing_is_black(drawn: Prepared) -> None:
    renderer = Renderer(drawn.lens, drawn.look.room)
    for pan_deg, tilt_deg in ((170.0, 45.0), (-170.0, -30.0)):
        assert renderer.take(Shot(pan_deg, tilt_deg, 0.0, 0.0, 0.0), []).luma.min() > 20


def test_a_turning_camera_smears_and_a_clap_dims(drawn: Prepared) -> None:
    renderer = Renderer(drawn.lens, drawn.look.room)
    still = renderer.take(Shot(0.0, 0.0, 0.0, 0.0, 0.02), []).luma
    turning = renderer.take(Shot(0.0, 0.0, 60.0, 0.0, 0.02), []).luma
    dimmed = renderer.take(Shot(0.0, 0.0, 0.0, 0.0, 0.02, light=0.8), []).luma
    assert np.abs(np.diff(turning.astype(int))).mean() < 0.7 * np.abs(np.diff(still.astype(int))).mean()
    assert dimmed.mean() - 16 == pytest.approx(0.8 * (still.mean() - 16), abs=1)


@pytest.mark.parametrize("second", [2, 12, 24])
@pytest.mark.parametrize("size", ["640x360", "1280x720"])
def test_the_fiducial_is_a_magenta_disc_on_the_head(build: Build, size: str, second: int) -> None:
    prepared = build("--size", size, "--fiducial")
    picture, truth = prepared.scene.take(second * 10**9, shot_at_teacher(prepared, second * 10**9))
    height, width = picture.luma.shape
    rgb = cv2.cvtColor(picture.buffer.reshape(height * 3 // 2, width), cv2.COLOR_YUV2RGB_I420)
    red, green, blue = (rgb[:, :, channel].astype(int) for channel in range(3))
    rows, columns = np.nonzero((red > 200) & (blue > 200) & (green < 80))
    assert truth.head is not None
    assert columns.mean() + 0.5 == pytest.approx(truth.head[0], abs=1)
    assert rows.mean() + 0.5 == pytest.approx(truth.head[1], abs=1)
    assert np.ptp(rows) == pytest.approx(FIDUCIAL_DIAMETER_SHARE * height, abs=2)
    x, y = (int(v) for v in truth.head)
    assert (picture.luma[y, x], picture.blue[y // 2, x // 2], picture.red[y // 2, x // 2]) == (78, 214, 230)


def test_a_standing_student_hides_teacher_and_marker(drawn: Prepared) -> None:
    sights = [drawn.world.sight_at(t * 50_000_000) for t in range(60 * 20)]
    shares = [
        drawn.world.visible_share(drawn.world.teacher_at(t), drawn.world.students_at(t))
        for t in range(0, 120 * 10**9, 10**8)
    ]
    assert 0.5 < np.mean([sight.visible for sight in sights]) < 0.99
    assert min(shares) < 0.7
    assert np.mean(np.array(shares) > 0.95) > 0.8
    student = drawn.world.students_at(0)[0]
    behind = Stand(student.stand.azimuth_deg, student.stand.distance_m + 1).points(np.zeros(1), np.full(1, 0.9))
    before = Stand(student.stand.azimuth_deg, student.stand.distance_m - 0.5).points(np.zeros(1), np.full(1, 0.9))
    assert student.hides(behind).all()
    assert not student.hides(before).any()


def test_truth_is_a_pure_function_of_time(drawn: Prepared) -> None:
    times = [int(t) for t in np.random.default_rng(1).integers(0, 100 * 10**9, 50)]
    first = [drawn.world.sight_at(t) for t in times]
    assert [drawn.world.sight_at(t) for t in reversed(times)] == first[::-1]


def test_options_that_fit_nothing_are_told(build: Build, other_folder: Path) -> None:
    with pytest.raises(SimulatorError, match="--room attic: the data folder has circle"):
        build("--data", str(other_folder), "--room", "attic")
    with pytest.raises(SimulatorError, match="--person anna needs --data"):
        build("--person", "anna")
    with pytest.raises(SimulatorError, match="give --data DIR"):
        build("--scenario", "recorded")
    with pytest.raises(SimulatorError, match="camera: width"):
        build("--size", "1281x720")


def test_a_folder_of_cutouts_alone_gives_a_teacher(build: Build, tmp_path: Path) -> None:
    figure = np.zeros((200, 80, 4), np.uint8)
    cv2.ellipse(figure, (40, 100), (30, 98), 0, 0, 360, (40, 80, 160, 255), -1)
    cv2.imwrite(str(tmp_path / "one.png"), figure)
    (tmp_path / "index.json").write_text(json.dumps({"cutouts": [{"file": "one.png", "view": "back"}]}))
    prepared = build("--data", str(tmp_path), "--size", "320x180")
    assert_person_is_where_truth_says(prepared, 2 * 10**9)


@pytest.mark.data
def test_every_recorded_person_is_where_truth_says(build: Build, data_folder: Path) -> None:
    for person in DataFolder(data_folder).people:
        prepared = build("--data", str(data_folder), "--person", person.name, "--size", "640x360", "--seed", "2")
        for second in (1, 6, 11):
            assert_person_is_where_truth_says(prepared, second * 10**9)
