"""From settings to these docks."""

from typing import Any

import pytest

from followspot_dock.factory import open_dock
from followspot_dock.port import DockError, LinkChanged, LinkState
from followspot_dock.settings import DockSettings
from followspot_dock.visca.dock import ViscaDock
from followspot_dock.visca.models import MODELS
from followspot_dock.waveshare.dock import WaveshareDock


def heard(event: Any) -> None:
    del event


def test_the_settings_name_them() -> None:
    camera = open_dock(DockSettings(driver="visca", url="udp://192.168.0.100:52381"), heard)
    assert isinstance(camera, ViscaDock)
    assert isinstance(open_dock(DockSettings(driver="waveshare", port="/dev/ttyUSB0"), heard), WaveshareDock)


@pytest.mark.parametrize("driver", ["visca", "waveshare"])
def test_without_an_address_they_say_what_is_missing(driver: str) -> None:
    with pytest.raises(DockError, match=rf"{driver} needs dock\."):
        open_dock(DockSettings(driver=driver), heard)


def test_every_model_can_be_chosen() -> None:
    for name in MODELS:
        assert DockSettings.model_validate({"model": name}).model == name


async def test_the_factorys_camera_answers(new_rig: Any) -> None:
    rig = await new_rig("visca-tcp")
    dock = open_dock(DockSettings.model_validate(rig.sim.settings()), rig.heard)
    assert isinstance(dock, ViscaDock)
    rig.new_driver = lambda: dock
    async with rig.driver():
        assert rig.heard.of(LinkChanged)[-1].state is LinkState.READY
