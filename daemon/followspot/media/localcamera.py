"""What is kept of a camera from one lesson to the next, and how it is reached."""

from dataclasses import dataclass

from followspot.media.cameracontrols import CameraControls
from followspot.media.cameramodes import CameraModes
from followspot.media.source import OpenDevice, open_device
from followspot.settings.models import CameraSettings


@dataclass(frozen=True, slots=True)
class LocalCamera:
    """For cameras of other kinds it does nothing."""

    modes: CameraModes
    controls: CameraControls
    opener: OpenDevice = open_device

    @classmethod
    def of(cls, settings: CameraSettings) -> "LocalCamera":
        """The real one."""
        return cls(CameraModes(settings), CameraControls(settings))
