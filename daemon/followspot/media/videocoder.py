"""Which H.264 encoder the next lesson gets, and why."""

import logging
from dataclasses import dataclass

from followspot.settings.models import CoderName, Settings, WantedCoder

_LOG = logging.getLogger(__name__)

_NOT_YET = "the hardware encoder has not been tried yet"


@dataclass(frozen=True, slots=True)
class ChosenCoder:
    """FFmpeg's name of the encoder, and why it was chosen, for people."""

    name: CoderName
    reason: str


class VideoCoder:
    """libx264 until the hardware's encoder was seen to work, and again from its first fault on.

    One whole object is put in the place of the other: it may be read and changed on any thread.
    """

    def __init__(self, wanted: WantedCoder) -> None:
        self._wanted = wanted
        self._spoilt = wanted == "libx264"
        self._chosen = ChosenCoder("libx264", "as encoder.codec says" if self._spoilt else _NOT_YET)

    @property
    def chosen(self) -> ChosenCoder:
        """What the next lesson is encoded with."""
        return self._chosen

    @property
    def is_open(self) -> bool:
        """Whether a trial of the hardware's encoder could change anything."""
        return not self._spoilt and self._chosen.name == "libx264"

    def tried(self, refusal: str | None) -> None:
        """The hardware's encoder was tried: why it cannot be used, None where it works."""
        if self._spoilt:
            return
        if refusal is None:
            self._choose("h264_v4l2m2m", "it was tried at this start, and what it encoded could be decoded")
        else:
            self._refuse(refusal)

    def failed(self, fault: str) -> None:
        """A lesson that was encoded with the chosen encoder ended by a fault; libx264 is not blamed."""
        if self._chosen.name != "libx264":
            self._refuse(f"a lesson with it ended by a fault: {fault}")

    def settled(self, settings: Settings) -> Settings:
        """The settings with the choice made."""
        encoder = settings.encoder.model_copy(update={"codec": self._chosen.name})
        return settings.model_copy(update={"encoder": encoder})

    def _refuse(self, why: str) -> None:
        self._spoilt = True
        self._choose("libx264", f"h264_v4l2m2m is not used: {why}")

    def _choose(self, name: CoderName, reason: str) -> None:
        self._chosen = ChosenCoder(name, reason)
        disappointed = name != self._wanted != "auto"
        _LOG.log(logging.WARNING if disappointed else logging.INFO, "pictures are encoded by %s: %s", name, reason)
