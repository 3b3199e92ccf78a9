"""Which stack looks for the teacher: OpenCV's own detectors, or the installed model beside them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import cv2

from followspot.vision.models import SEGMENTATION, Model, ModelError, installed
from followspot.vision.segmenter import Segmenter

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stack:
    """Its name, and why it is this one."""

    name: str
    reason: str


SWITCHED_OFF = Stack("none", "tracking.vision is false")
NOT_STARTED = Stack("none", "vision has not been started yet")
DEFAULT = "opencv"
BETTER = "opencv+segmentation"
DEFAULT_STACK = Stack(DEFAULT, "no model is installed (followspot models install)")


def load_stack(state: Path, model: Model = SEGMENTATION) -> tuple[Segmenter | None, Stack]:
    """The better stack where its model is installed and good, else the default. Takes some hundredths of a second."""
    try:
        file = installed(state, model)
        if file is None:
            return None, DEFAULT_STACK
        return Segmenter(file), Stack(BETTER, f"{file.name} is installed")
    except ModelError as error:
        reason = str(error)
    except cv2.error as error:
        reason = f"OpenCV cannot load the model: {error.err}"
    _log.warning("the pictures are searched without a model: %s", reason)
    return None, Stack(DEFAULT, reason)
