"""An MQTT subscriber that shares nothing with the daemon and writes down every message as it got it."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from followspot_sim.stage.broker import Broker

SESSION_EXPIRY_S = 3600
"""The broker keeps what comes while the listener is away."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: `payload` is parsed JSON, or text where it is none."""

    topic: str
    payload: Any
    retained: bool


class Listener:
    """Subscribes to everything below `followspot/` and appends each message to a JSON-lines file."""

    def __init__(self, broker: Broker, file: Path) -> None:
        self._broker = broker
        self._file = file
        self._out: TextIO | None = None
        self._messages: list[Message] = []
        self._lock = threading.Lock()
        self._subscribed = threading.Event()
        self.on_message: Callable[[Message], None] = lambda _message: None
        """Called on the listener's thread for every message."""
        self._client: mqtt.Client | None = None

    def start(self) -> None:
        """Connect, and return when the broker has granted the subscription."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._out = self._file.open("a")
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="followspot-listener", protocol=mqtt.MQTTv5)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.reconnect_delay_set(1, 1)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        client.connect("127.0.0.1", self._broker.port, clean_start=False, properties=properties)
        client.loop_start()
        self._client = client
        if not self._subscribed.wait(10):
            raise RuntimeError("the broker did not grant the subscription within 10 s")

    def stop(self) -> None:
        """Disconnect and close the file; does nothing when not started."""
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()
            self._client = None
        if self._out is not None:
            self._out.close()
            self._out = None

    @property
    def connected(self) -> bool:
        """Whether the broker has it now."""
        return self._client is not None and self._client.is_connected()

    def messages(self) -> list[Message]:
        """All so far."""
        with self._lock:
            return list(self._messages)

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The CloudEvents so far, of one type or all."""
        payloads = [m.payload for m in self.messages() if "/event/" in m.topic]
        return [p for p in payloads if isinstance(p, dict) and kind in (None, p.get("type"))]

    def state(self) -> dict[str, Any]:
        """The newest retained state; empty before the first."""
        states = [m.payload for m in self.messages() if m.topic.endswith("/state")]
        return states[-1] if states else {}

    def publish(self, topic: str, payload: bytes, *, response_topic: str | None = None) -> None:
        """Publish at QoS 1, as a pipeline does with a command."""
        assert self._client is not None, "the listener is not started"
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if response_topic:
            properties.ResponseTopic = response_topic
            properties.CorrelationData = b"listener"
        self._client.publish(topic, payload, qos=1, properties=properties)

    def _on_connect(self, client: mqtt.Client, _userdata: Any, _flags: Any, _reason: Any, _properties: Any) -> None:
        client.subscribe("followspot/#", qos=1)

    def _on_subscribe(self, *_args: Any) -> None:
        self._subscribed.set()

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        text = message.payload.decode(errors="replace")
        try:
            payload = json.loads(text)
        except ValueError:
            payload = text
        heard = Message(message.topic, payload, bool(message.retain))
        with self._lock:
            self._messages.append(heard)
            if self._out is not None:
                self._out.write(json.dumps(self._record(heard)) + "\n")
                self._out.flush()
        self.on_message(heard)

    @staticmethod
    def _record(message: Message) -> dict[str, Any]:
        # When it came is a fact about the observer, not about the product: the wall clock is right here.
        now = datetime.now(UTC)  # noqa: TID251
        return {
            "time": now.isoformat(),
            "monotonic_ns": time.monotonic_ns(),
            "topic": message.topic,
            "retained": message.retained,
            "payload": message.payload,
        }
