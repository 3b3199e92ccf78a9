"""A VISCA camera as a Dock."""

import time
from collections.abc import Callable

from followspot_dock.polled.address import Address, Transport
from followspot_dock.polled.dock import PolledDock
from followspot_dock.polled.session import Ready, Tell, Write
from followspot_dock.port import DockListener
from followspot_dock.visca import packets
from followspot_dock.visca.framing import BareFraming, Framing, NumberedFraming
from followspot_dock.visca.models import Model
from followspot_dock.visca.session import ViscaSession


class ViscaDock(PolledDock):
    """The camera of `model` at `address`."""

    def __init__(
        self,
        address: Address,
        model: Model,
        listener: DockListener,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        def new_session(write: Write, tell: Tell, ready: Ready) -> ViscaSession:
            return ViscaSession(write, tell, ready, model, _framing(address.transport))

        super().__init__(address, new_session, listener, monotonic_ns, "visca")


def _framing(transport: Transport) -> Framing:
    match transport:
        case Transport.UDP:
            return NumberedFraming()
        case Transport.SERIAL:
            return BareFraming(packets.ADDRESS_SET + packets.IF_CLEAR)
        case _:
            return BareFraming()
