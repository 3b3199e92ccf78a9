"""The panel on gpiozero's own mock pins, and on a machine without any."""

import os
import threading
from collections.abc import Iterator

import pytest
from gpiozero.pins.mock import MockFactory

from followspot.panel.panel import LampState, Panel, PanelError
from followspot.settings.models import PanelSettings

SETTINGS = PanelSettings(button_pin=5, lamp_pin=6)


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    factory = MockFactory()
    yield factory
    factory.close()


@pytest.fixture
def presses() -> list[str]:
    return []


@pytest.fixture
def panel(pins: MockFactory, presses: list[str]) -> Iterator[Panel]:
    opened = Panel(SETTINGS, lambda: presses.append("press"), pin_factory=pins)
    yield opened
    opened.close()


def press(pins: MockFactory) -> None:
    pins.pin(5).drive_low()
    pins.pin(5).drive_high()


def test_each_press_is_told_once(panel: Panel, pins: MockFactory, presses: list[str]) -> None:
    press(pins)
    press(pins)
    assert presses == ["press", "press"]


def test_a_lamp_state_is_off_and_steady_by_the_pin(panel: Panel, pins: MockFactory) -> None:
    assert pins.pin(6).state == 0
    panel.lamp(LampState.RECORDING)
    assert pins.pin(6).state == 1
    panel.lamp(LampState.OFF)
    assert pins.pin(6).state == 0


def test_waiting_and_fault_blink_at_different_pace_and_end_at_once(panel: Panel, pins: MockFactory) -> None:
    toggled = threading.Event()
    lamp = pins.pin(6)
    lamp.clear_states()
    panel.lamp(LampState.FAULT)
    toggled.wait(0.45)
    fast = len(lamp.states)
    panel.lamp(LampState.WAITING)
    lamp.clear_states()
    toggled.wait(0.45)
    slow = len(lamp.states)
    panel.lamp(LampState.RECORDING)
    assert lamp.state == 1
    assert fast >= 4 > slow


def test_repeating_a_state_does_not_restart_the_blinking(panel: Panel) -> None:
    panel.lamp(LampState.WAITING)
    before = {thread.ident for thread in threading.enumerate()}
    panel.lamp(LampState.WAITING)
    assert {thread.ident for thread in threading.enumerate()} == before


def test_close_puts_the_lamp_out_and_leaves_no_thread(pins: MockFactory, presses: list[str]) -> None:
    before = set(threading.enumerate())
    panel = Panel(SETTINGS, lambda: presses.append("press"), pin_factory=pins)
    panel.lamp(LampState.FAULT)
    panel.close()
    panel.close()
    press(pins)
    assert pins.pin(6).state == 0 or pins.pin(6).function == "input"
    assert not presses
    assert set(threading.enumerate()) == before


def test_a_pin_in_use_names_the_pins_and_frees_the_other(pins: MockFactory) -> None:
    same = PanelSettings(button_pin=5, lamp_pin=5)
    with pytest.raises(PanelError, match="GPIO 5"):
        Panel(same, lambda: None, pin_factory=pins)
    Panel(SETTINGS, lambda: None, pin_factory=pins).close()


@pytest.mark.skipif(os.path.exists("/dev/gpiochip0"), reason="this machine has a GPIO chip")
def test_a_machine_without_pins_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    with pytest.raises(PanelError, match=r"panel\.enabled"):
        Panel(SETTINGS, lambda: None)


def test_an_unknown_pin_factory_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "no-such-factory")
    with pytest.raises(PanelError, match="no-such-factory"):
        Panel(SETTINGS, lambda: None)
