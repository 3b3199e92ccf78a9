"""What the link to the broker tells the loop."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker let us in, and takes so many unacknowledged messages at once."""

    receive_maximum: int


@dataclass(frozen=True, slots=True)
class ConnectRefused:
    """The broker answered, and will not have us."""

    reason: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    """There is no connection, or no longer one. It is being retried."""

    reason: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker's verdict on one publish: `refusal` is None where it took it."""

    message_id: int
    refusal: str | None


@dataclass(frozen=True, slots=True)
class SubscriptionRefused:
    """The broker will not send us what we asked for."""

    reason: str


@dataclass(frozen=True, slots=True)
class Received:
    """A message for us."""

    topic: str
    payload: bytes
    retained: bool
    response_topic: str | None
    correlation: bytes | None
    expires_in_s: int | None = None
    """What was left of the message's own expiry when the broker sent it."""


LinkFact = Connected | ConnectRefused | Disconnected | Acknowledged | SubscriptionRefused | Received
