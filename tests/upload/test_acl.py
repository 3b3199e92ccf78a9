"""The access rules that we ship, at a mosquitto that asks who is there."""

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from support.programs import require_program
from upload.conftest import free_port, program

RULES = Path(__file__).parents[2] / "config" / "mosquitto-acl"
USERS = ("box-7", "box-8", "followspot-upload", "followspot-reader", "followspot-pipeline")
ACK = "followspot/v1/box-7/ack"


@pytest.fixture
def guarded(mosquitto: str, tmp_path: Path) -> Iterator[int]:
    """The broker's port."""
    port, passwords, config = free_port(), tmp_path / "passwd", tmp_path / "mosquitto.conf"
    passwords.touch(0o600)
    for user in USERS:
        subprocess.run([require_program("mosquitto_passwd"), "-b", passwords, user, f"of {user}"], check=True)
    rules = tmp_path / "acl"
    rules.write_text(RULES.read_text())
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\nacl_file {rules}\n"
        + ("user root\n" if os.geteuid() == 0 else "")
    )
    with program([mosquitto, "-c", str(config)], port):
        yield port


def may_publish(port: int, user: str, topic: str) -> bool:
    verdict: list[bool] = []
    heard = threading.Event()

    def on_publish(_client: object, _userdata: object, _mid: int, reason, _properties: object) -> None:
        verdict.append(not reason.is_failure)
        heard.set()

    client = Client(CallbackAPIVersion.VERSION2, client_id=f"as-{user}", protocol=MQTTv5)
    client.username_pw_set(user, f"of {user}")
    client.on_publish = on_publish
    client.on_connect = lambda connected, *_: connected.publish(topic, b"{}", qos=1)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert heard.wait(10)
    finally:
        client.disconnect()
        client.loop_stop()
    return verdict[0]


@pytest.mark.parametrize(
    ("user", "topic", "may"),
    [
        ("followspot-upload", ACK, True),
        ("followspot-reader", ACK, False),
        ("box-7", ACK, False),
        ("box-8", ACK, False),
        ("box-7", "followspot/v1/box-7/event/segment.ready", True),
        ("box-7", "followspot/v1/box-8/event/segment.ready", False),
        ("followspot-upload", "followspot/v1/box-7/event/segment.ready", False),
        ("followspot-upload", "followspot/v1/box-7/command/start", False),
        ("followspot-upload", "followspot/v1/box-7/command/republish", True),
        ("followspot-pipeline", "followspot/v1/box-7/command/republish", True),
        ("followspot-pipeline", "followspot/v1/box-7/command/start", False),
        ("followspot-pipeline", ACK, False),
        ("box-7", "followspot-upload/one/answer/box-7", True),
        ("box-7", "followspot-upload/one/answer/box-8", False),
        ("followspot-reader", "followspot-upload/one/answer/box-7", False),
    ],
)
def test_acknowledging_is_a_role_of_its_own(guarded: int, user: str, topic: str, may: bool) -> None:
    assert may_publish(guarded, user, topic) is may
