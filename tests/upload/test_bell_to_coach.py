"""Minutes from the end of a 45-minute lesson until all of it is in the store, on lines of 1, 2 and 5 Mbit/s.

Scaled: every rate is real, but each minute is a second and each segment a sixtieth of its bytes. What a file costs
beside its bytes (requests, hashes, the broker) weighs sixty times too much: the truth is a little better.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from upload.conftest import s3_client
from upload.fleet import Fleet, Uploaders, broker, s3_store
from upload.test_program import content

LESSON_MIN = 45
MEDIA_MBITS = 4.096
"""Picture and sound at the default rates."""
SEGMENT_BYTES = round(MEDIA_MBITS * 1e6 / 8)
LINES_MBITS = (1, 2, 5)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_bell_to_coach(mosquitto: str, s3_port: int, tmp_path: Path, record_property: Callable[..., None]) -> None:
    (tmp_path / "broker").mkdir()
    with broker(mosquitto, tmp_path / "broker") as port:
        made = {
            rate: Uploaders(tmp_path, port, s3_store(s3_port, tmp_path, f"bell-{rate}"), f"{tmp_path}/media/{{device}}")
            for rate in LINES_MBITS
        }
        fleet = Fleet(port, tmp_path / "media")
        try:
            for rate, uploaders in made.items():
                uploaders.start(f"line-{rate}", line=f"rate_kbps = {rate * 1000}.0")
            minutes = lesson(fleet, s3_port)
        finally:
            for uploaders in made.values():
                uploaders.close()
            fleet.close()
    for rate, bell_to_coach in minutes.items():
        record_property(f"bell_to_coach_{rate}_mbits_min", bell_to_coach)
        print(f"{rate} Mbit/s: {bell_to_coach:.1f} min after the bell")
        ideal = max(0.0, LESSON_MIN * (MEDIA_MBITS / rate - 1)) + MEDIA_MBITS / rate
        assert bell_to_coach < 1.1 * ideal + 3


def lesson(fleet: Fleet, s3_port: int) -> dict[int, float]:
    """Record for 45 scaled minutes; then how long each line takes until the last object is there."""
    begin = time.monotonic()
    for index in range(LESSON_MIN):
        time.sleep(max(0.0, begin + index + 1 - time.monotonic()))
        fleet.announce("box", "l-1", index, content(index, size=SEGMENT_BYTES))
    fleet.complete("box", "l-1")
    bell, minutes = time.monotonic(), {}
    while len(minutes) < len(LINES_MBITS):
        for rate in set(LINES_MBITS) - set(minutes):
            listed = s3_client(s3_port).list_objects_v2(Bucket="lessons", Prefix=f"bell-{rate}/")
            if listed["KeyCount"] == LESSON_MIN + 1:
                minutes[rate] = time.monotonic() - bell
        time.sleep(0.2)
    return minutes
