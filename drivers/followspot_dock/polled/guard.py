"""The dead-man's second pair of hands: stops the dock when the loop does not come round in time.

These docks turn until they are told to stop. The session tells them so when a motion's time to live is over; if the
loop is held up just then, this thread does. It cannot help when the whole process stops: docs/other-docks.md says
what remains.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable

GRACE_NS = 30_000_000
"""The loop comes first; after this much delay it is held up."""
_REPEAT_S = 0.05
_JOIN_S = 1.0


class StopGuard:
    """Watches one deadline. Writes `lone_stop` to its own copy of the descriptor, twice, when it passes by GRACE_NS."""

    def __init__(self, descriptor: int, lone_stop: Callable[[], list[bytes]], name: str) -> None:
        self._descriptor = os.dup(descriptor)  # a copy: the wire may close its own at any moment
        self._lone_stop = lone_stop
        self._deadline_ns: int | None = None
        self._fired = False
        self._closing = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"dock-guard-{name}", daemon=True)
        self._thread.start()

    def watch(self, deadline_ns: int | None) -> None:
        """The motion must end at `deadline_ns` (CLOCK_MONOTONIC); None: the dock rests."""
        with self._wake:
            begins = self._deadline_ns is None and deadline_ns is not None
            self._deadline_ns = deadline_ns
            if begins:  # a deadline that moves on is found when the thread wakes for the old one
                self._wake.notify()

    def take_fired(self) -> bool:
        """Whether it stopped the dock since this was asked last."""
        with self._wake:
            fired, self._fired = self._fired, False
        return fired

    def close(self) -> None:
        """End the thread, and give the descriptor back."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(_JOIN_S)
        os.close(self._descriptor)

    def _run(self) -> None:
        with self._wake:
            while not self._closing:
                left_s = self._left_s()
                if left_s is None or left_s > 0:
                    self._wake.wait(left_s)
                else:
                    self._fire()

    def _left_s(self) -> float | None:
        if self._deadline_ns is None:
            return None
        return (self._deadline_ns + GRACE_NS - time.monotonic_ns()) / 1e9

    def _fire(self) -> None:
        self._fired = True
        self._deadline_ns = None
        for _ in range(2):  # once more for the datagram that is lost
            for data in self._lone_stop():
                with contextlib.suppress(OSError):  # the wire is gone; the loop will find out
                    os.write(self._descriptor, data)
            self._wake.wait(_REPEAT_S)
