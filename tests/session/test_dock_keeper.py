"""The dock keeper hands on what is fresh."""

import logging

from followspot.control.dock_keeper import PRESS_VALID_NS, DockKeeper
from followspot.domain.alerts import AlertRegistry
from followspot_dock.port import ButtonPress, MarkerButton


def test_a_press_that_comes_late_is_ignored(bench, caplog):
    heard = []
    keeper = DockKeeper(lambda _: None, AlertRegistry(), bench.clock, "/dev/dock")
    keeper.subscribe(heard.append)
    bench.clock.now_ns = pressed_ns = 5_000_000_000
    fresh = MarkerButton(pressed_ns, ButtonPress.SHORT)
    bench.clock.now_ns += PRESS_VALID_NS
    keeper._on_event(fresh)
    bench.clock.now_ns += 200_000_000
    with caplog.at_level(logging.INFO):
        keeper._on_event(fresh)
    assert heard == [fresh]
    assert "marker press ignored: it is 3.2 s old" in caplog.text
