"""The MQTT topics of one box, version 1."""

from dataclasses import dataclass

ROOT = "followspot/v1"

MAX_TOPIC_BYTES = 65_535
"""What an MQTT string can hold."""

_SPOKEN_BY_BOXES = ("availability", "state", "event", "command", "ack")


@dataclass(frozen=True, slots=True)
class Topics:
    """Every topic of the box `device_id`."""

    device_id: str

    @property
    def availability(self) -> str:
        """Retained: online, stopped, or offline (the last will)."""
        return f"{self._base}/availability"

    @property
    def state(self) -> str:
        """Retained: how things stand."""
        return f"{self._base}/state"

    @property
    def ack(self) -> str:
        """Where the pipeline acknowledges segments."""
        return f"{self._base}/ack"

    @property
    def commands(self) -> str:
        """The filter that takes in every command."""
        return self.command("+")

    def event(self, event_type: str) -> str:
        """Where events of this type are published."""
        return f"{self._base}/event/{event_type}"

    def command(self, name: str) -> str:
        """Where this command is taken."""
        return f"{self._base}/command/{name}"

    @property
    def _base(self) -> str:
        return f"{ROOT}/{self.device_id}"


def is_answerable(response_topic: str) -> bool:
    """Whether an answer may be sent there: a plain topic that no box speaks or listens on itself.

    Whoever may send a command must not be able to make the box speak on its own or another box's behalf.
    """
    if not response_topic or len(response_topic.encode()) > MAX_TOPIC_BYTES:
        return False
    if response_topic.startswith("$") or any(sign in response_topic for sign in "+#\0"):
        return False
    levels = response_topic.split("/")
    return not ("/".join(levels[:2]) == ROOT and len(levels) > 3 and levels[3] in _SPOKEN_BY_BOXES)
