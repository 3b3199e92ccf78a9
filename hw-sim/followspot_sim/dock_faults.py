"""Which faults stand in the dock.

One begins with its cause and stands until the host clears it, which the cause prevents.
"""

from collections.abc import Callable

from followspot_dock.protocol.codes import Axis, FaultCode

ALL = 0
"""ClearFault's word for every fault."""
_BARRING = (FaultCode.STALL, FaultCode.OVER_CURRENT, FaultCode.BROWN_OUT)
"""Faults with which the dock does not move; from an end stop it may turn back."""

Tell = Callable[[FaultCode, Axis, bool], None]
"""Told that a fault began (True) or ended."""


class Faults:
    """Of one power-on."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._standing: set[tuple[FaultCode, Axis]] = set()
        self._caused: set[tuple[FaultCode, Axis]] = set()

    @property
    def bar_motion(self) -> bool:
        """Whether one stands with which the dock does not move."""
        return any(code in _BARRING for code, _ in self._standing)

    def note(self, code: FaultCode, axis: Axis, *, caused: bool) -> bool:
        """Whether the cause is there now; True when a fault began by this."""
        fault = (code, axis)
        begins = caused and fault not in self._standing
        if caused:
            self._caused.add(fault)
            self._standing.add(fault)
        else:
            self._caused.discard(fault)
        if begins:
            self._tell(code, axis, True)
        return begins

    def clear(self, wanted: int) -> bool:
        """End the faults of this code, or ALL, whose cause is gone; whether none of them is left."""
        faults = sorted(fault for fault in self._standing if wanted in (ALL, fault[0]))
        for fault in faults:
            if fault not in self._caused:
                self._standing.discard(fault)
                self._tell(*fault, False)
        return self._standing.isdisjoint(faults)

    def tell_again(self) -> None:
        """To another host: every fault that stands."""
        for fault in sorted(self._standing):
            self._tell(*fault, True)
