"""The box on MQTT 5: events from the outbox, availability, state, and commands with their answers."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from followspot.bus.access import broker_access
from followspot.bus.acknowledgements import AckCounter, AcknowledgementHandler
from followspot.bus.alarm import BrokerAlarm
from followspot.bus.board import StateBoard
from followspot.bus.desk import CommandDesk, CommandHandler
from followspot.bus.envelope import CONTENT_TYPE
from followspot.bus.facts import (
    Acknowledged,
    Connected,
    ConnectRefused,
    Disconnected,
    LinkFact,
    Received,
    SubscriptionRefused,
)
from followspot.bus.link import BrokerLink
from followspot.bus.pump import Outbox, OutboxPump
from followspot.bus.topics import Topics, is_answerable
from followspot.domain.alerts import AlertRegistry
from followspot.domain.clock import Clock
from followspot.domain.commands import Answer, BusyError, ExpiredError, InvalidCommandError, check_size
from followspot.domain.errors import CommandRefusedError
from followspot.domain.republish import Republished
from followspot.domain.state import Availability, AvailabilityState
from followspot.settings.models import Settings
from followspot_dock.waiting import within

WAITING_COMMANDS = 16
"""People press buttons: more at once is a sender gone mad, who is told that we are busy."""

WAITING_ACKNOWLEDGEMENTS = 64
"""At 48 KiB each they stay within 3 MiB; an uploader sends the next when it was answered."""
NANOSECONDS = 1_000_000_000

DRAIN_TIMEOUT_S = 2.0
"""At a stop the lesson's last events are milliseconds old: this long they may take before the box says stopped."""

STOPPED_TIMEOUT_S = 0.5
"""A broker far away answers within this; a dead one must not hold up the stop."""

_log = logging.getLogger(__name__)


class MqttBus:
    """Lives on the loop that calls `run`; only `wake` may be called from elsewhere.

    Raises ConfigurationError when the credentials or certificates that `[mqtt]` names cannot be used.
    Nothing that a broker does ends `run`: faults are alerts (BROKER_UNREACHABLE, BROKER_REFUSED) and are retried.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        outbox: Outbox,
        alerts: AlertRegistry,
        on_command: CommandHandler,
        on_acknowledgement: AcknowledgementHandler,
    ) -> None:
        mqtt, device_id = settings.mqtt, settings.device.id
        self._host = mqtt.host
        self._topics = Topics(device_id)
        self._alarm = BrokerAlarm(alerts, clock, mqtt, device_id)
        self._link = BrokerLink(mqtt, broker_access(mqtt), f"followspot-{device_id}", self._on_fact)
        self._link.will(self._topics.availability, _availability(AvailabilityState.OFFLINE))
        self._pump = OutboxPump(outbox, self._send_event)
        self._board = StateBoard(self._send_state)
        self._desk = CommandDesk(mqtt.allow, on_command)
        self._counter = AckCounter(on_acknowledgement, alerts, clock)
        self._acknowledgements: asyncio.Queue[Received] = asyncio.Queue(WAITING_ACKNOWLEDGEMENTS)
        self._clock = clock
        self._waiting: asyncio.Queue[tuple[Received, int | None]] = asyncio.Queue(WAITING_COMMANDS)
        """Commands, each with the monotonic time from which nobody wants it any more."""
        self._connected = False
        self._last_acknowledged = 0
        self._acknowledgement = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def wake(self) -> None:
        """The outbox has new rows. From any thread, at any time while `run`'s loop is open."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._pump.wake)

    async def republish(self, put_back: Callable[[], Awaitable[Republished]]) -> Republished:
        """Have `put_back` put events back into the outbox, and send them again. On the loop; raises what it raises."""
        return await self._pump.republish(put_back)

    def publish_state(self, state: Mapping[str, object]) -> None:
        """Show how things stand (JSON values only): retained, once it changed, at most once a second, newest wins."""
        self._board.show(state)

    def status(self) -> dict[str, object]:
        """How the bus stands, for people."""
        return {
            "connected": self._connected,
            "published": self._pump.published,
            "in_flight": self._pump.in_flight,
            "commands": dict(self._desk.counts),
            "acknowledgements": dict(self._counter.counts),
        }

    async def run(self) -> None:
        """Stay connected until cancelled; then send what is left, say stopped, and disconnect."""
        self._loop = asyncio.get_running_loop()
        if not self._host:
            _log.info("mqtt.host is empty: events stay in the outbox")
            await asyncio.Event().wait()
        self._link.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump.run(), name="mqtt-outbox")
                tasks.create_task(self._board.run(), name="mqtt-state")
                tasks.create_task(self._answer_commands(), name="mqtt-commands")
                tasks.create_task(self._take_acknowledgements(), name="mqtt-acknowledgements")
        finally:
            await self._say_goodbye()

    async def _say_goodbye(self) -> None:
        if self._connected:
            await self._pump.drain(DRAIN_TIMEOUT_S)
            await self._say_stopped()
        await self._link.close()
        self._connected = False

    async def _say_stopped(self) -> None:
        """And hear that the broker has it: a line that is closed over unread answers may be reset, goodbye and all."""
        said = self._link.publish(self._topics.availability, _availability(AvailabilityState.STOPPED), retain=True)
        with contextlib.suppress(TimeoutError):
            await within(STOPPED_TIMEOUT_S, self._until_acknowledged(said))

    async def _until_acknowledged(self, message_id: int) -> None:
        while self._connected and self._last_acknowledged != message_id:
            self._acknowledgement.clear()
            await self._acknowledgement.wait()

    def _on_fact(self, fact: LinkFact) -> None:
        match fact:
            case Connected(receive_maximum):
                self._on_connected(receive_maximum)
            case Disconnected(reason):
                self._on_disconnected()
                self._alarm.unreachable(reason)
            case ConnectRefused(reason):
                self._alarm.login_refused(reason)
            case SubscriptionRefused(reason):
                self._alarm.commands_refused(reason)
            case Acknowledged(message_id, refusal):
                self._on_acknowledged(message_id, refusal)
            case Received():
                self._on_received(fact)

    def _on_connected(self, receive_maximum: int) -> None:
        _log.info("connected to the MQTT broker")
        self._connected = True
        self._alarm.connected()
        self._link.subscribe(self._topics.commands)
        self._link.subscribe(self._topics.ack)
        self._link.publish(self._topics.availability, _availability(AvailabilityState.ONLINE), retain=True)
        self._board.connected()
        self._pump.connected(receive_maximum)

    def _on_disconnected(self) -> None:
        self._connected = False
        self._board.disconnected()
        self._pump.disconnected()

    def _on_acknowledged(self, message_id: int, refusal: str | None) -> None:
        self._last_acknowledged = message_id
        self._acknowledgement.set()
        row = self._pump.acknowledged(message_id, refusal)
        if row is not None and refusal is not None:
            self._alarm.event_refused(row.topic, refusal)
        elif row is not None:
            _log.debug("event acknowledged sequence=%d type=%s", row.sequence, row.topic.rpartition("/")[2])
            if not self._pump.has_refused:
                self._alarm.events_accepted()

    def _on_received(self, message: Received) -> None:
        """Retained commands are old by nature: whoever left them there, nobody wants them now."""
        if message.topic == self._topics.ack:
            self._on_acknowledgement(message)
        elif message.retained:
            self._desk.counts["retained"] += 1
        elif message.response_topic is not None and not is_answerable(message.response_topic):
            self._desk.refuse(message.payload, InvalidCommandError("no answer may be sent to its response topic"))
        else:
            try:
                self._queue(message)
            except CommandRefusedError as error:  # QoS 0: a sender gone mad must not fill our memory with answers
                self._answer(message, self._desk.refuse(message.payload, error), qos=0)

    def _queue(self, message: Received) -> None:
        check_size(message.payload)
        if self._waiting.full():
            raise BusyError("too many commands are waiting: try again later")
        left_s = message.expires_in_s
        deadline_ns = None if left_s is None else self._clock.monotonic_ns() + left_s * NANOSECONDS
        self._waiting.put_nowait((message, deadline_ns))

    async def _answer_commands(self) -> None:
        while True:
            message, deadline_ns = await self._waiting.get()
            self._answer(message, await self._take(message, deadline_ns))

    async def _take(self, message: Received, deadline_ns: int | None) -> Answer:
        if deadline_ns is not None and self._clock.monotonic_ns() >= deadline_ns:
            return self._desk.refuse(message.payload, ExpiredError("the command expired while it waited here"))
        return await self._desk.take(message.payload, message.topic.rpartition("/")[2])

    def _on_acknowledgement(self, message: Received) -> None:
        """A retained one does no harm, as it quotes the hashes. One too many is refused: its sender asks again."""
        if message.response_topic is not None and not is_answerable(message.response_topic):
            message = replace(message, response_topic=None)
        if self._acknowledgements.full():
            self._answer(message, self._counter.refuse(BusyError("too many acknowledgements are waiting")), qos=0)
        else:
            self._acknowledgements.put_nowait(message)

    async def _take_acknowledgements(self) -> None:
        while True:
            message = await self._acknowledgements.get()
            self._answer(message, await self._counter.take(message.payload))

    def _answer(self, message: Received, answer: Answer | None, qos: int = 1) -> None:
        if message.response_topic is not None and answer is not None:
            payload = answer.model_dump_json().encode()
            self._link.publish(message.response_topic, payload, qos=qos, correlation=message.correlation)

    def _send_event(self, topic: str, payload: bytes) -> int:
        return self._link.publish(topic, payload, content_type=CONTENT_TYPE)

    def _send_state(self, payload: bytes) -> None:
        self._link.publish(self._topics.state, payload, retain=True)


def _availability(state: AvailabilityState) -> bytes:
    return Availability(state=state).model_dump_json().encode()
