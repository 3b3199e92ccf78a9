"""The whole product on loopback: broker, simulated classroom, daemon and an independent subscriber."""

from followspot_sim.stage.broker import Broker
from followspot_sim.stage.listener import Listener, Message
from followspot_sim.stage.theatre import Stage, StageOptions

__all__ = ["Broker", "Listener", "Message", "Stage", "StageOptions"]
