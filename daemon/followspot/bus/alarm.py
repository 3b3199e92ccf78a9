"""What can be wrong between the box and its broker, in words for the technician."""

from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.clock import Clock
from followspot.settings.models import MqttSettings


class BrokerAlarm:
    """Raises and clears the broker's two alerts; their subject is its address. Lives on the loop."""

    def __init__(self, alerts: AlertRegistry, clock: Clock, settings: MqttSettings, device_id: str) -> None:
        self._alerts = alerts
        self._clock = clock
        self._address = f"{settings.host}:{settings.port}"
        self._broker = f"the MQTT broker at {self._address}"
        self._user = settings.username or "a client without a name (mqtt.username is empty)"
        self._device_id = device_id
        self._refused: set[str] = set()

    def connected(self) -> None:
        """The broker let us in."""
        self._alerts.clear(AlertCode.BROKER_UNREACHABLE, self._address)
        self._taken("login", "commands")

    def unreachable(self, reason: str) -> None:
        """There is no connection."""
        hint = (
            " (certificates are judged by the clock of the box, which may not be set yet)" if _by_clock(reason) else ""
        )
        message = (
            f"no connection to {self._broker}: {reason}{hint}. Events are kept and sent later. Check that it runs, "
            "that mqtt.host and mqtt.port are right, and that no other client calls itself "
            f"followspot-{self._device_id}"
        )
        self._raise(AlertCode.BROKER_UNREACHABLE, message)

    def login_refused(self, reason: str) -> None:
        """The broker is there, and said no."""
        self._alerts.clear(AlertCode.BROKER_UNREACHABLE, self._address)
        self._refuse(
            "login",
            f"{self._broker} does not let {self._user} in: {reason}. Events are kept and sent later. "
            "Check mqtt.username, mqtt.password_file and the broker's list of users",
        )

    def commands_refused(self, reason: str) -> None:
        """The broker does not give us commands."""
        self._refuse(
            "commands",
            f"{self._broker} does not give commands or acknowledgements to {self._user}: {reason}. "
            "Check the broker's access rules",
        )

    def event_refused(self, topic: str, reason: str) -> None:
        """The broker did not take an event."""
        self._refuse(
            "events",
            f"{self._broker} does not take {topic} from {self._user}: {reason}. "
            "The event is kept and tried again. Check the broker's access rules",
        )

    def events_accepted(self) -> None:
        """The broker took an event, and none stands refused."""
        self._taken("events")

    def _refuse(self, what: str, message: str) -> None:
        self._refused.add(what)
        self._raise(AlertCode.BROKER_REFUSED, message)

    def _taken(self, *what: str) -> None:
        self._refused.difference_update(what)
        if not self._refused:
            self._alerts.clear(AlertCode.BROKER_REFUSED, self._address)

    def _raise(self, code: AlertCode, message: str) -> None:
        self._alerts.raise_alert(code, self._address, message, self._clock.monotonic_ns())


def _by_clock(reason: str) -> bool:
    return "not yet valid" in reason or "certificate has expired" in reason
