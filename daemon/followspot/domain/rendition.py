"""Further pictures of one lesson beside the one that players get."""

from enum import StrEnum


class RenditionName(StrEnum):
    """Which further picture."""

    FULL = "full"
    """The whole upright picture of the camera, beside the framed one: `recording.picture = "both"`."""
