"""Without mosquitto the demo's broker is the one from a package: it must carry what the product sends."""

import time
from pathlib import Path

import pytest

from followspot_sim.stage import Broker, Listener, broker


@pytest.fixture
def spare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(broker, "mosquitto_path", lambda: None)
    spare = Broker(tmp_path / "broker")
    spare.start()
    yield spare
    spare.stop()


def test_the_spare_broker_carries_messages_with_a_response_topic(spare: Broker, tmp_path: Path) -> None:
    assert spare.name == "iotcore"
    listener = Listener(spare, tmp_path / "events.jsonl")
    listener.start()
    try:
        listener.publish("followspot/v1/box/command/start", b'{"id": "1"}', response_topic="followspot/answers")
        give_up = time.monotonic() + 5
        while not listener.messages() and time.monotonic() < give_up:
            time.sleep(0.02)
        (message,) = listener.messages()
        assert message.payload == {"id": "1"}
    finally:
        listener.stop()
    assert (tmp_path / "events.jsonl").read_text().count("\n") == 1
