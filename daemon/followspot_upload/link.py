"""The connection to the broker: events and answers in, acknowledgements and questions out. paho on its own thread."""

import logging
import random
import sqlite3
import ssl
import threading
from collections.abc import Callable
from enum import Flag, auto

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from followspot_upload.errors import ConfigurationError
from followspot_upload.settings import MqttSettings

ROOT = "followspot/v1"
WORK = ("segment.ready", "lesson.completed")
"""The events whose files are divided among the uploaders of a share."""
SESSION_EXPIRY_S = 90 * 24 * 3600
"""Longer than any holiday: what is announced meanwhile waits at the broker."""
RECEIVE_MAXIMUM = 20
KEEPALIVE_S = 20
CONNECT_TIMEOUT_S = 5

_log = logging.getLogger(__name__)


class Way(Flag):
    """What a message is for: in a share everybody watches all events, and works on those that the share gives him."""

    WATCH = auto()
    WORK = auto()


Handler = Callable[[str, bytes, bytes | None, Way], None]
"""Takes topic, payload and correlation data on paho's thread. What it returns from is acknowledged to the broker."""


class Link:
    """One MQTT 5 client with a session that outlives it."""

    def __init__(self, settings: MqttSettings, handler: Handler) -> None:
        """Raises ConfigurationError for files that cannot be used."""
        self._settings = settings
        self._handler = handler
        self._connected = threading.Event()
        self._refused = False
        """Whether this connection was refused something that we said, and that was told."""
        self.answers = f"followspot-upload/{settings.client_id}/answer/"
        """Below it, each device by its id, which its access rules hold it to."""
        self._client = self._new_client()

    @property
    def is_connected(self) -> bool:
        """Whether the broker has let us in."""
        return self._connected.is_set()

    def open(self) -> None:
        """Connect, and go on trying until `close`."""
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's has no annotations
        session.SessionExpiryInterval = SESSION_EXPIRY_S
        session.ReceiveMaximum = RECEIVE_MAXIMUM
        self._client.connect_async(
            self._settings.host, self._settings.port, KEEPALIVE_S, clean_start=False, properties=session
        )
        self._client.loop_start()

    def acknowledge(self, device: str, payload: bytes, correlation: bytes) -> None:
        """Tell a device what is stored; it answers with this correlation."""
        self._say(device, "ack", payload, correlation)

    def republish(self, device: str, payload: bytes, correlation: bytes) -> None:
        """Ask a device for events; it answers with this correlation."""
        self._say(device, "command/republish", payload, correlation)

    def _say(self, device: str, topic: str, payload: bytes, correlation: bytes) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = "application/json"
        properties.ResponseTopic = f"{self.answers}{device}"
        properties.CorrelationData = correlation
        self._client.publish(f"{ROOT}/{device}/{topic}", payload, qos=1, properties=properties)

    def close(self) -> None:
        """Leave; the session stays at the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def _new_client(self) -> Client:
        settings = self._settings
        client = Client(CallbackAPIVersion.VERSION2, client_id=settings.client_id, protocol=MQTTv5, manual_ack=True)
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.reconnect_delay_set(random.randint(1, 3), 30)
        if settings.username:
            client.username_pw_set(settings.username, settings.password())
        if settings.ca_file is not None:
            client.tls_set_context(_tls(settings))
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        return client

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            _log.error("the broker does not let us in: %s; check mqtt.username and mqtt.password_file", reason)
            return
        device, share = self._settings.device, self._settings.share
        client.subscribe([(f"{self.answers}+", 1), (f"{ROOT}/{device}/availability", 1)])
        _subscribe(client, [f"{ROOT}/{device}/event/#"], Way.WATCH if share else Way.WATCH | Way.WORK)
        if share:
            _subscribe(client, [f"$share/{share}/{ROOT}/{device}/event/{event}" for event in WORK], Way.WORK)
        self._refused = False
        self._connected.set()

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        _message_id: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        for reason in reasons:
            if reason.is_failure:
                _log.error("the broker does not give us what we ask for: %s; check its access rules", reason)
        _log.info("listening to the broker host=%s port=%d", self._settings.host, self._settings.port)

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._connected.is_set():
            _log.warning("the connection to the broker was lost: %s", reason)
        self._connected.clear()

    def _on_publish(
        self, _client: Client, _userdata: object, _message_id: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure and not self._refused:
            self._refused = True
            _log.error("the broker does not pass on what we say to the devices: %s; check its access rules", reason)

    def _on_message(self, client: Client, _userdata: object, message: MQTTMessage) -> None:
        """Acknowledged only when kept: what the disk refuses stays with the broker, for the next connection."""
        try:
            correlation = getattr(message.properties, "CorrelationData", None)
            self._handler(message.topic, bytes(message.payload), correlation, _way(message))
        except (OSError, sqlite3.Error) as error:
            _log.error("a message could not be kept, the broker keeps it topic=%s: %s", message.topic, error)
            return
        client.ack(message.mid, message.qos)


def _subscribe(client: Client, topics: list[str], way: Way) -> None:
    """The way is the subscription's identifier, which the broker puts on each message that comes by it."""
    properties = Properties(PacketTypes.SUBSCRIBE)  # type: ignore[no-untyped-call]
    properties.SubscriptionIdentifier = way.value
    client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in topics], properties=properties)


def _way(message: MQTTMessage) -> Way:
    """A message that came by several subscriptions at once is for all of them; one that does not say for everything."""
    identifiers: list[int] = getattr(message.properties, "SubscriptionIdentifier", [])
    way = Way(0)
    for identifier in identifiers:
        way |= Way(identifier)
    return way or Way.WATCH | Way.WORK


def _tls(settings: MqttSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(settings.ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"mqtt.ca_file {settings.ca_file} cannot be used: {error}") from error
