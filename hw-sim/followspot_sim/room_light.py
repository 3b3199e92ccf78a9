"""How bright the room is from moment to moment."""

import random

from followspot_sim.scenario import LightTable


def brightness(light: LightTable, time_s: float) -> float:
    """The share of full light: the room's own, and what a projector's picture of that moment adds or takes."""
    if light.flicker_share == 0 or time_s < 0:
        return light.level
    picture = random.Random(f"projector/{int(time_s * light.flicker_hz)}")
    return light.level * (1 + light.flicker_share * (2 * picture.random() - 1))
