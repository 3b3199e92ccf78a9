"""Devices that announce files and answer acknowledgements as a box does, a broker, and uploaders as programs."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from upload.conftest import free_port, program, until


@contextmanager
def broker(mosquitto: str, folder: Path) -> Iterator[int]:
    """A mosquitto with a session store; its port."""
    port, config = free_port(), folder / "mosquitto.conf"
    lines = [
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        "max_queued_messages 0",
        "persistence true",
        f"persistence_location {folder}/",
        *(["user root"] if os.geteuid() == 0 else []),  # else it would become a user who may not write here
    ]
    config.write_text("\n".join(lines) + "\n")
    with program([mosquitto, "-c", str(config)], port):
        yield port


class Fleet:
    """Any number of devices over one client. `acked` counts each file's accepted acknowledgements."""

    def __init__(self, port: int, root: Path) -> None:
        self.root = root
        self.files: dict[tuple[str, str, int], str] = {}
        self.acked: Counter[tuple[str, str, int]] = Counter()
        self.wrong: list[dict[str, Any]] = []
        self.keys: dict[tuple[str, str, int], str] = {}
        self.sounds: list[dict[str, Any]] = []
        self.deaf = False
        """Whether acknowledgements get lost on their way."""
        self._sequence = 0
        ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="fleet", protocol=MQTTv5)
        self._client.max_queued_messages_set(0)
        self._client.on_connect = lambda client, *_: client.subscribe("followspot/v1/+/ack", qos=1)
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.on_message = self._on_ack
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert ready.wait(10)

    def online(self, device: str, state: str = "online") -> None:
        self._publish(f"followspot/v1/{device}/availability", {"state": state}, retain=True)

    def announce(self, device: str, lesson: str, index: int, content: bytes, on_disk: bytes | None = None) -> None:
        """Put a segment (or something else of its length) on the device's disk and tell it."""
        path = self.root / device / lesson / f"segment-{index:05d}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(on_disk or content)
        self.files[device, lesson, index] = hashlib.sha256(content).hexdigest()
        self.tell(device, lesson, index)

    def announce_with_sound(self, device: str, lesson: str, content: bytes, sound: bytes) -> None:
        """A lesson's first segment with the sound of a single microphone beside it."""
        path = self.root / device / lesson / "segment-00000.teacher.m4a"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sound)
        self.sounds = [
            {"role": "teacher", "file": path.name, "size": len(sound), "sha256": hashlib.sha256(sound).hexdigest()}
        ]
        self.announce(device, lesson, 0, content)
        self.sounds = []

    def tell(self, device: str, lesson: str, index: int) -> None:
        """Send the event, perhaps again."""
        path = f"{lesson}/segment-{index:05d}.mp4"
        size = (self.root / device / path).stat().st_size
        sha256 = self.files[device, lesson, index]
        data = {"lesson_id": lesson, "index": index, "path": path, "size": size, "sha256": sha256}
        self._event(device, "segment.ready", {**data, "sounds": self.sounds})

    def complete(self, device: str, lesson: str) -> None:
        """Put a manifest there and tell it."""
        content = json.dumps({"lesson_id": lesson}).encode()
        (self.root / device / lesson / "manifest.json").write_bytes(content)
        sha256 = self.files[device, lesson, -1] = hashlib.sha256(content).hexdigest()
        data = {"lesson_id": lesson, "manifest": f"{lesson}/manifest.json", "manifest_sha256": sha256}
        self._event(device, "lesson.completed", data)

    def deleted(self, device: str, lesson: str, index: int) -> None:
        """Take a segment away and tell it."""
        (self.root / device / lesson / f"segment-{index:05d}.mp4").unlink()
        del self.files[device, lesson, index]
        self._event(device, "segment.deleted", {"lesson_id": lesson, "index": index})

    def is_stored(self) -> bool:
        """Whether every file is acknowledged."""
        return set(self.acked) == set(self.files)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _event(self, device: str, kind: str, data: dict[str, Any]) -> None:
        self._sequence += 1
        event = {
            "specversion": "1.0",
            "id": f"id-{self._sequence}",
            "source": f"urn:followspot:{device}",
            "type": kind,
            "data": data,
            "an_attribute_of_tomorrow": 1,
        }
        self._publish(f"followspot/v1/{device}/event/{kind}", event)

    def _on_ack(self, client: Client, _userdata: object, message: MQTTMessage) -> None:
        if self.deaf:
            return
        device, said = message.topic.split("/")[2], json.loads(message.payload)
        files = [(one["index"], one) for one in said.get("segments", [])]
        files += [(-1, said["manifest"])] if "manifest" in said else []
        right = all(self.files.get((device, said["lesson_id"], n)) == one["sha256"] for n, one in files)
        for index, one in files if right else []:
            self.acked[device, said["lesson_id"], index] += 1
            self.keys[device, said["lesson_id"], index] = one["key"]
        if not right:
            self.wrong.append(said)
        properties = Properties(PacketTypes.PUBLISH)
        properties.CorrelationData = message.properties.CorrelationData
        answer = {"accepted": right, "code": "ok" if right else "wrong-hash", "text": ""}
        client.publish(message.properties.ResponseTopic, json.dumps(answer), qos=1, properties=properties)

    def _publish(self, topic: str, content: dict[str, Any], *, retain: bool = False) -> None:
        self._client.publish(topic, json.dumps(content), qos=1, retain=retain)


class Uploaders:
    """Uploaders as programs, by name."""

    def __init__(self, folder: Path, mqtt_port: int, store: str, root: str) -> None:
        self._folder, self._port, self._store, self._root = folder, mqtt_port, store, root
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str = "one", share: str = "", line: str = "", mqtt: str = "") -> None:
        config = self._folder / f"{name}.toml"
        config.write_text(
            f'[mqtt]\nport = {self._port}\nclient_id = "{name}"\nshare = "{share}"\n{mqtt}\n'
            f'[media]\nroot = "{self._root}"\nstate = "{self._folder / name}"\n'
            f"[store]\n{self._store}\n[line]\n{line}\n"
        )
        path = self._folder / f"{name}.log"
        path.touch()
        before = self.log(name).count("listening")
        with path.open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "followspot_upload", "--config", str(config)], stdout=log, stderr=log
            )
        until(lambda: self.log(name).count("listening") > before)

    def kill(self, name: str = "one") -> None:
        """As a power cut does."""
        self._end(name, signal.SIGKILL)

    def stop(self, name: str = "one") -> int:
        """As systemd does; the exit code."""
        return self._end(name, signal.SIGTERM)

    def close(self) -> None:
        for name in list(self._running):
            self.kill(name)

    def log(self, name: str = "one") -> str:
        return (self._folder / f"{name}.log").read_text()

    def _end(self, name: str, number: signal.Signals) -> int:
        process = self._running.pop(name)
        process.send_signal(number)
        return process.wait(20)


def s3_store(port: int, folder: Path, prefix: str, bucket: str = "lessons") -> str:
    """The `[store]` table for the S3 server."""
    secret = folder / "secret"
    secret.write_text("b\n")
    secret.chmod(0o600)
    return (
        f'kind = "s3"\nurl = "http://127.0.0.1:{port}"\nbucket = "{bucket}"\nprefix = "{prefix}"\n'
        f'access_key = "a"\nsecret_file = "{secret}"'
    )


__all__ = ["Fleet", "Uploaders", "broker", "s3_store", "until"]
