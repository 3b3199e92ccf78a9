"""The connection to the broker: paho on its own thread, heard on the loop.

paho's thread connects, retries and watches the keepalive; each of its callbacks only hands a fact over to the loop.
"""

import asyncio
import contextlib
import logging
import os
import random
import socket
import sys
import threading
from collections.abc import Callable
from typing import Protocol

import socks
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from followspot.bus.access import BrokerAccess, ProxyAccess
from followspot.bus.facts import (
    Acknowledged,
    Connected,
    ConnectRefused,
    Disconnected,
    LinkFact,
    Received,
    SubscriptionRefused,
)
from followspot.settings.models import MqttSettings
from followspot_dock.waiting import wait_set

MAX_IN_FLIGHT = 20
"""mosquitto's default receive maximum. paho heeds no broker's; the pump keeps to each one's for the events."""

MAX_PACKET_BYTES = 65_536
"""Four of the largest commands. What is larger the broker keeps to itself: it must not fill our memory."""

SESSION_EXPIRY_S = 60
"""A command sent while the link is down for a moment still arrives; one sent to a box that is off is forgotten."""

CONNECT_TIMEOUT_S = 5
"""A broker in the building answers within milliseconds; a longer wait only delays the alert and the orderly stop."""

FIRST_RETRY_S, LAST_RETRY_S = 1, 30
"""Back-off doubles from one to the other."""

KEEPALIVE_TIMEOUT = 0x8D
SESSION_TAKEN_OVER = 0x8E
"""Another client has our id. Each return throws the other one out: take turns slowly."""

GOODBYE_TIMEOUT_S = 2.0
"""How long an orderly stop waits for the broker."""

_log = logging.getLogger(__name__)


class _Connection(Protocol):
    """What paho calls a socket."""

    def fileno(self) -> int:
        """The descriptor under it."""
        ...


class BrokerLink:
    """One MQTT 5 client from `open` to `close`, a new one after that. Belongs to the loop that calls `open`; facts
    reach `listener` there, in order. What an earlier client had not sent is not sent by the next.
    """

    _client: Client

    def __init__(
        self, settings: MqttSettings, access: BrokerAccess, client_id: str, listener: Callable[[LinkFact], None]
    ) -> None:
        self._settings = settings
        self._access = access
        self._client_id = client_id
        self._will: tuple[str, bytes] | None = None
        self._listener = listener
        self._failures = 0
        self._refused = False
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gone = asyncio.Event()

    def will(self, topic: str, payload: bytes) -> None:
        """What the broker shall publish, retained, when we vanish. Before `open`."""
        self._will = (topic, payload)

    def open(self) -> None:
        """Start connecting, and go on until `close`; then it may be opened again. Returns at once."""
        self._loop = asyncio.get_running_loop()
        self._closing = self._refused = False
        self._failures = 0
        self._gone.clear()
        self._client = self._new_client()
        session = _properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = SESSION_EXPIRY_S
        session.MaximumPacketSize = MAX_PACKET_BYTES
        self._client.connect_async(
            self._settings.host, self._settings.port, self._settings.keepalive_s, clean_start=False, properties=session
        )
        self._client.loop_start()

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        content_type: str = "application/json",
        correlation: bytes | None = None,
    ) -> int:
        """Send, with QoS 1 again after a reconnect if need be; the id comes back in Acknowledged."""
        properties = _properties(PacketTypes.PUBLISH)
        properties.ContentType = content_type
        if correlation is not None:
            properties.CorrelationData = correlation
        return self._client.publish(topic, payload, qos, retain, properties).mid

    def subscribe(self, topic_filter: str) -> None:
        """Ask for messages, QoS 1."""
        self._client.subscribe(topic_filter, qos=1)

    async def close(self) -> None:
        """Say goodbye (so that there is no last will, and the session ends), and end paho's thread.

        A broker that does not even read is left after GOODBYE_TIMEOUT_S.
        """
        self._closing = True
        goodbye = _properties(PacketTypes.DISCONNECT)
        goodbye.SessionExpiryInterval = 0
        if self._client.disconnect(properties=goodbye) == MQTTErrorCode.MQTT_ERR_SUCCESS:
            await wait_set(self._gone, GOODBYE_TIMEOUT_S)
        await self._join()

    async def _join(self) -> None:
        """paho's own join blocks and waits for every PUBACK: give it a thread, and close the socket under it."""
        joined = asyncio.Event()
        stopper = threading.Thread(target=self._stop_paho, args=(joined,), name="mqtt-stop", daemon=True)
        stopper.start()
        _shut(self._client.socket())
        if await wait_set(joined, CONNECT_TIMEOUT_S + GOODBYE_TIMEOUT_S):
            stopper.join()
        else:
            _log.warning("the MQTT thread did not end in time and is left behind")

    def _stop_paho(self, joined: asyncio.Event) -> None:
        self._client.loop_stop()
        self._on_loop(joined.set)

    def _new_client(self) -> Client:
        transport = self._settings.transport
        client = Client(CallbackAPIVersion.VERSION2, client_id=self._client_id, protocol=MQTTv5, transport=transport)
        client.ws_set_options(self._settings.websocket_path)
        if self._access.proxy is not None:
            client.proxy_set(**_proxy_arguments(self._access.proxy))
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(MAX_IN_FLIGHT)
        if self._access.username is not None:
            client.username_pw_set(self._access.username, self._access.password)
        if self._access.tls is not None:
            client.tls_set_context(self._access.tls)
        if self._will is not None:
            client.will_set(*self._will, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_socket_open = self._on_socket_open
        return client

    # From here on: paho's thread.

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._refused = reason.is_failure
        if reason.is_failure:
            self._tell(ConnectRefused(str(reason)))
        else:
            self._failures = 0
            self._tell(Connected(getattr(properties, "ReceiveMaximum", MAX_IN_FLIGHT)))

    def _on_connect_fail(self, _client: Client, _userdata: object) -> None:
        self._back_off()
        self._tell(Disconnected(str(sys.exception())))  # paho calls from the except clause, and gives no reason itself

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._back_off(at_least_s=LAST_RETRY_S if reason.value == SESSION_TAKEN_OVER else FIRST_RETRY_S)
        if self._closing:
            self._on_loop(self._gone.set)
        elif not self._refused:
            said = flags.is_disconnect_packet_from_server or reason.value == KEEPALIVE_TIMEOUT
            self._tell(Disconnected(str(reason) if said else "the connection was lost"))
        self._refused = False

    def _on_publish(
        self, _client: Client, _userdata: object, message_id: int, reason: ReasonCode, _properties: Properties
    ) -> None:
        self._tell(Acknowledged(message_id, str(reason) if reason.is_failure else None))

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
                self._tell(SubscriptionRefused(str(reason)))

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        response_topic = getattr(message.properties, "ResponseTopic", None)
        correlation = getattr(message.properties, "CorrelationData", None)
        expires_in_s = getattr(message.properties, "MessageExpiryInterval", None)
        payload = bytes(message.payload)
        self._tell(Received(message.topic, payload, message.retain, response_topic, correlation, expires_in_s))

    def _on_socket_open(self, _client: Client, _userdata: object, connection: _Connection) -> None:
        if self._closing:
            _shut(connection)

    def _back_off(self, at_least_s: int = FIRST_RETRY_S) -> None:
        """Tell paho when to try next; random, so that a school's boxes do not all come back in one moment."""
        longest_s = max(at_least_s, min(LAST_RETRY_S, FIRST_RETRY_S << min(self._failures, 8)))
        delay_s = random.randint(at_least_s, longest_s)
        self._failures += 1
        self._client.reconnect_delay_set(delay_s, delay_s)

    def _tell(self, fact: LinkFact) -> None:
        self._on_loop(self._listener, fact)

    def _on_loop(self, call: Callable[..., None], *args: object) -> None:
        assert self._loop is not None, "open() comes before any callback"
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to hear it
            self._loop.call_soon_threadsafe(call, *args)


def _proxy_arguments(proxy: ProxyAccess) -> dict[str, object]:
    """As paho hands them to PySocks; the proxy looks the broker's name up."""
    return {
        "proxy_type": socks.SOCKS5 if proxy.kind == "socks5" else socks.HTTP,
        "proxy_addr": proxy.host,
        "proxy_port": proxy.port,
        "proxy_rdns": True,
        "proxy_username": proxy.username,
        "proxy_password": proxy.password,
    }


def _properties(packet_type: int) -> Properties:
    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho's has no annotations


def _shut(connection: _Connection | None) -> None:
    """Shut the TCP connection under whatever stands on it: TLS, WebSocket, a proxy's talk."""
    if connection is not None:
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as twin:
            twin.shutdown(socket.SHUT_RDWR)
