"""A box as an uploader sees it: files on a disk, events that tell of them, and answers to acknowledgements."""

import hashlib
import json
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from followspot_sim.errors import SimulatorError

DEVICE = "box"
CONNECT_TIMEOUT_S = 10.0


class StandIn:
    """Tells of each file once and accepts every acknowledgement. An acknowledged key begins with its line's name."""

    def __init__(self, port: int, media: Path) -> None:
        self._port = port
        self._media = media
        self._sequence = 0
        self._stored: dict[str, float] = {}
        """When each key was acknowledged first, CLOCK_MONOTONIC seconds."""
        self._lock = threading.Lock()
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="stand-in", protocol=MQTTv5)

    def __enter__(self) -> Self:
        client = self._client
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_acknowledgement
        client.connect("127.0.0.1", self._port)
        client.loop_start()
        if not self._subscribed.wait(CONNECT_TIMEOUT_S):
            raise SimulatorError(f"the broker did not answer within {CONNECT_TIMEOUT_S:g} s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def announce(self, lesson_id: str, index: int, content: bytes) -> None:
        """Put a segment on the disk and tell it."""
        path = f"{lesson_id}/segment-{index:05d}.mp4"
        data = {"index": index, "path": path, "size": len(content), "sha256": self._put(path, content), "sounds": []}
        self._tell("segment.ready", {"lesson_id": lesson_id, **data})

    def complete(self, lesson_id: str, manifest: bytes) -> None:
        """Put the manifest on the disk and tell it."""
        path = f"{lesson_id}/manifest.json"
        data = {"lesson_id": lesson_id, "manifest": path, "manifest_sha256": self._put(path, manifest)}
        self._tell("lesson.completed", data)

    def stored(self, line: str) -> int:
        """How many files are acknowledged by the line's uploader."""
        with self._lock:
            return sum(key.startswith(f"{line}/") for key in self._stored)

    def newest_s(self, line: str) -> float:
        """When the last of them was, CLOCK_MONOTONIC."""
        with self._lock:
            return max(at_s for key, at_s in self._stored.items() if key.startswith(f"{line}/"))

    def _put(self, path: str, content: bytes) -> str:
        file = self._media / DEVICE / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    def _tell(self, kind: str, data: dict[str, Any]) -> None:
        self._sequence += 1
        event = {
            "specversion": "1.0",
            "id": f"event-{self._sequence}",
            "source": f"urn:followspot:{DEVICE}",
            "type": kind,
            "data": data,
        }
        self._client.publish(f"followspot/v1/{DEVICE}/event/{kind}", json.dumps(event), qos=1)

    def _on_connect(self, client: Client, *_: Any) -> None:
        client.subscribe(f"followspot/v1/{DEVICE}/ack", qos=1)

    def _on_subscribe(self, *_: Any) -> None:
        self._subscribed.set()

    def _on_acknowledgement(self, client: Client, _userdata: object, message: MQTTMessage) -> None:
        said, now_s = json.loads(message.payload), time.monotonic()
        files = [*said.get("segments", []), *([said["manifest"]] if said.get("manifest") else [])]
        with self._lock:
            for file in files:
                self._stored.setdefault(file["key"], now_s)
        asked: Any = message.properties
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.CorrelationData = asked.CorrelationData
        answer = {"accepted": True, "code": "ok", "text": ""}
        client.publish(asked.ResponseTopic, json.dumps(answer), qos=1, properties=properties)
