"""The delay from a segment's last frame to its PUBACK, read from the daemon's log."""

from pathlib import Path

import pytest

from followspot_sim.bench.announcing import delays_ms
from followspot_sim.errors import SimulatorError

LOG = """\
23:59:59.900 DEBUG   followspot.storage.sink: segment encoded lesson=0190 index=0
23:59:59.950 INFO    followspot.bus.mqtt: connected to the MQTT broker
00:00:00.025 DEBUG   followspot.bus.mqtt: event acknowledged sequence=2 type=segment.ready
00:00:01.900 DEBUG   followspot.storage.sink: segment encoded lesson=0190 index=1
00:00:01.930 DEBUG   followspot.bus.mqtt: event acknowledged sequence=3 type=gap
00:00:01.940 DEBUG   followspot.bus.mqtt: event acknowledged sequence=4 type=segment.ready
"""


def test_each_segment_is_matched_with_its_event(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(LOG)
    assert delays_ms(tmp_path / "log") == [125, 40]


def test_a_log_that_lacks_an_event_gives_no_figure(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(LOG.rpartition("\n00")[0])
    with pytest.raises(SimulatorError, match="2 segments were encoded and 1 acknowledged"):
        delays_ms(tmp_path / "log")
