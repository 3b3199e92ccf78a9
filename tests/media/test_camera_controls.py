"""A local camera is told at the ioctls what the configuration says; what it cannot do is said once."""

import errno
import logging
import struct

import av
import pytest

from followspot.domain.recording import LessonPlan
from followspot.media.cameracontrols import CameraControls
from followspot.media.cameramodes import CameraModes
from followspot.media.localcamera import LocalCamera
from followspot.media.notices import RecorderStopped, RecordingStarted
from followspot.media.recorder import Recorder
from followspot.settings.models import CameraSettings

NS = 1_000_000_000
DEVICE = "/dev/null"

# As the kernel's headers have them; a C compiler says the same.
G_CTRL, S_CTRL, QUERYCTRL = 0xC008561B, 0xC008561C, 0xC0445624
EXPOSURE_AUTO, EXPOSURE_ABSOLUTE = 0x9A0901, 0x9A0902
FOCUS_AUTO, FOCUS_ABSOLUTE = 0x9A090C, 0x9A090A
AUTO_WHITE_BALANCE, WHITE_BALANCE_TEMPERATURE = 0x98090C, 0x98091A
POWER_LINE_FREQUENCY = 0x980918
READ_ONLY = 4


class UsbCamera:
    """The driver's side of the ioctls: each control with value, least, most, default and flags."""

    def __init__(self):
        self.controls = {
            EXPOSURE_AUTO: [3, 0, 3, 3, 0],
            EXPOSURE_ABSOLUTE: [157, 3, 2047, 250, 0],
            FOCUS_AUTO: [1, 0, 1, 1, 0],
            FOCUS_ABSOLUTE: [60, 0, 250, 0, 0],
            AUTO_WHITE_BALANCE: [1, 0, 1, 1, 0],
            WHITE_BALANCE_TEMPERATURE: [4321, 2000, 6500, 4000, 0],
            POWER_LINE_FREQUENCY: [2, 0, 2, 2, 0],
        }
        self.written = []
        self.asked = 0
        self.broken = False

    def __getitem__(self, control):
        return self.controls[control][0]

    def __call__(self, fd, request, data):
        assert fd > 2
        self.asked += 1
        control = struct.unpack_from("=I", data)[0]
        if self.broken:
            raise OSError(errno.EIO, "Input/output error")
        if control not in self.controls:
            raise OSError(errno.EINVAL, "Invalid argument")
        value, least, most, default, flags = self.controls[control]
        if request == QUERYCTRL:
            assert len(data) == 68
            struct.pack_into("=iiiiI", data, 40, least, most, 1, default, flags)
        elif request == G_CTRL:
            struct.pack_into("=i", data, 4, value)
        else:
            assert request == S_CTRL
            self._set(control, struct.unpack_from("=i", data, 4)[0])

    def _set(self, control, value):
        if control == EXPOSURE_AUTO and value not in (1, 3):
            raise OSError(errno.EINVAL, "no such mode")
        if control == EXPOSURE_ABSOLUTE and self[EXPOSURE_AUTO] != 1:
            raise OSError(errno.EACCES, "the automatic is on")
        self.written.append((control, value))
        self.controls[control][0] = value


@pytest.fixture
def camera():
    return UsbCamera()


def controls(camera, **settings):
    return CameraControls(CameraSettings(url=DEVICE, **settings), camera)


def test_what_the_configuration_says_is_set_at_each_opening(camera):
    given = controls(camera, exposure_ms=10.0, focus=25, white_balance_k=5000, power_line_hz=50)
    given.opened()
    assert (camera[EXPOSURE_AUTO], camera[EXPOSURE_ABSOLUTE]) == (1, 100)
    assert (camera[FOCUS_AUTO], camera[FOCUS_ABSOLUTE]) == (0, 25)
    assert (camera[AUTO_WHITE_BALANCE], camera[WHITE_BALANCE_TEMPERATURE]) == (0, 5000)
    assert camera[POWER_LINE_FREQUENCY] == 1
    camera.controls[FOCUS_ABSOLUTE][0] = 0  # replugged
    given.opened()
    assert camera[FOCUS_ABSOLUTE] == 25


def test_a_camera_that_does_everything_itself_is_left_alone(camera):
    controls(camera).opened()
    assert camera.written == []


def test_what_was_found_is_held_after_the_settling_time_and_let_go_at_the_next_opening(camera, caplog):
    given = controls(camera, lock_after_s=5.0, focus=25)
    given.opened()
    camera.written.clear()
    for second in (100, 102, 104.9):
        given.saw_picture(int(second * NS))
    assert camera.written == []
    with caplog.at_level(logging.INFO):
        given.saw_picture(105 * NS)
    assert camera.written == [
        (EXPOSURE_AUTO, 1),
        (EXPOSURE_ABSOLUTE, 157),
        (AUTO_WHITE_BALANCE, 0),
        (WHITE_BALANCE_TEMPERATURE, 4321),
    ]
    assert "holds exposure_ms, white_balance_k" in caplog.text
    asked = camera.asked
    given.saw_picture(106 * NS)
    assert camera.asked == asked, "once"
    given.opened()
    assert (camera[EXPOSURE_AUTO], camera[FOCUS_AUTO], camera[AUTO_WHITE_BALANCE]) == (3, 0, 1)


def test_an_automatic_whose_default_is_missing_from_the_menu_is_found(camera):
    camera.controls[EXPOSURE_AUTO] = [1, 0, 3, 0, 0]
    controls(camera).opened()
    assert camera[EXPOSURE_AUTO] == 3


@pytest.mark.parametrize("missing", ["absent", "read-only"])
def test_a_control_that_the_camera_lacks_is_told_once(missing, camera, caplog):
    if missing == "absent":
        del camera.controls[FOCUS_ABSOLUTE], camera.controls[POWER_LINE_FREQUENCY]
    else:
        camera.controls[FOCUS_ABSOLUTE][4] = camera.controls[POWER_LINE_FREQUENCY][4] = READ_ONLY
    given = controls(camera, focus=25, power_line_hz=50, white_balance_k=5000)
    given.opened()
    given.opened()
    assert [record.message for record in caplog.records] == [
        f"the camera has no control for camera.{key}: it has no effect, leave it out"
        for key in ("focus", "power_line_hz")
    ]
    assert camera[FOCUS_AUTO] == 1, "the automatic stays on where nothing can stand in for it"
    assert camera[WHITE_BALANCE_TEMPERATURE] == 5000


def test_a_value_out_of_the_cameras_range_is_told_with_the_range(camera, caplog):
    controls(camera, exposure_ms=500.0).opened()
    assert "camera.exposure_ms = 500: it offers 0.3 to 204.7" in caplog.text
    assert camera[EXPOSURE_AUTO] == 3


def test_a_camera_without_any_control_can_lock_nothing(camera, caplog):
    camera.controls.clear()
    given = controls(camera, lock_after_s=1.0)
    with caplog.at_level(logging.INFO):
        given.opened()
        given.saw_picture(0)
        given.saw_picture(NS)
    assert [record.message for record in caplog.records] == [
        "after camera.lock_after_s the camera holds nothing: the camera has no automatic that can be held"
    ]


def test_streams_have_no_controls(camera):
    given = CameraControls(CameraSettings(url="rtsp://camera/", format="rtsp", focus=1, lock_after_s=1.0), camera)
    given.opened()
    given.saw_picture(0)
    given.saw_picture(NS)
    assert camera.asked == 0


def test_a_device_that_cannot_be_opened_twice_is_told(camera, caplog, tmp_path):
    CameraControls(CameraSettings(url=str(tmp_path / "none"), focus=1), camera).opened()
    assert "controls cannot be reached (No such file" in caplog.text


def test_a_lesson_goes_on_whatever_the_controls_do(
    camera, serve, show, make_settings, planner, clock, notices, sink, caplog
):
    camera.broken = True
    server = serve(show.camera)

    def opener(device, options):
        return av.open(server.url, "r", format="nut", options={"probesize": "65536", "analyzeduration": "0"})

    settings = make_settings(
        DEVICE,
        camera={"format": "v4l2", "input_format": "mjpeg", "focus": 25, "lock_after_s": 0.1, "stall_timeout_s": 3},
    )
    local = LocalCamera(CameraModes(settings.camera), CameraControls(settings.camera, camera), opener)
    recorder = Recorder(settings, clock, planner, notices, camera=local)
    recorder.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted, timeout_s=20)
    recorder.stop()
    assert notices.wait(RecorderStopped).frames
    assert recorder.join(5)
    assert "the camera does not obey camera.focus (Input/output error); the lesson goes on without" in caplog.text
