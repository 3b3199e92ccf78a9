"""The Dock port for docks that are polled: link life cycle, dead-man and farewell over any wire and protocol."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor

from followspot_dock.link import Backoff, Link
from followspot_dock.polled.address import Address, Transport
from followspot_dock.polled.guard import StopGuard
from followspot_dock.polled.session import PolledSession, Ready, Tell, Write
from followspot_dock.polled.wires import Wire, open_wire
from followspot_dock.port import (
    Capabilities,
    Dock,
    DockError,
    DockListener,
    LinkState,
    Request,
    RequestDone,
    check_motion,
)
from followspot_dock.serial_port import missing

_TICK_S = 0.01
"""How late a stop may leave after its time to live; the dock's own delays are longer."""
_SEARCH_S = 0.1
"""How often to look whether the device is there: one stat."""
_FAREWELL_NS = 500_000_000
"""How long to wait at the end for the stop's acknowledgement: these docks have no dead-man of their own."""

NewSession = Callable[[Write, Tell, Ready], PolledSession]


class PolledDock(Dock):
    """A dock without marker, lamp, faults of its own or resting place; `name` is for the names of its threads."""

    def __init__(
        self,
        address: Address,
        new_session: NewSession,
        listener: DockListener,
        monotonic_ns: Callable[[], int],
        name: str,
    ) -> None:
        self._address = address
        self._new_session = new_session
        self._listener = listener
        self._now_ns = monotonic_ns
        self._name = name
        self._link = Link(listener)
        self._backoff = Backoff()
        self._session: PolledSession | None = None
        self._guard: StopGuard | None = None

    @property
    def link(self) -> LinkState:
        return self._link.state

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int) -> None:
        check_motion(pan_dps, tilt_dps, ttl_ms)
        if (session := self._working()) is not None:
            session.drive(pan_dps, tilt_dps, ttl_ms, self._now_ns())
            self._watch(session)

    def drive_to(self, pan_deg: float, tilt_deg: float, ttl_ms: int) -> int | None:
        check_motion(pan_deg, tilt_deg, ttl_ms)
        if (session := self._working()) is None:
            return None
        motion_id = session.drive_to(pan_deg, tilt_deg, ttl_ms, self._now_ns())
        self._watch(session)
        return motion_id

    def park(self, ttl_ms: int) -> int | None:
        check_motion(0.0, 0.0, ttl_ms)
        return None

    def stop(self) -> None:
        if (session := self._working()) is not None:
            session.stop(self._now_ns())
            self._watch(session)

    def marker_lamp(self, on: bool) -> None:
        """There is none."""

    def follow_marker(self, marker_id: int) -> None:  # noqa: ARG002  # the port's
        self._refuse(Request.FOLLOW_MARKER, "it sees no markers")

    def clear_fault(self) -> None:
        self._refuse(Request.CLEAR_FAULT, "it tells of no faults")

    def identify(self) -> None:
        self._refuse(Request.IDENTIFY, "it cannot blink")

    async def run(self) -> None:
        try:
            with ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"dock-{self._name}") as executor:
                while True:
                    await self._search()
                    await self._attempt(executor)
                    await asyncio.sleep(self._backoff.next_s())
        finally:
            self._link.close()

    def _refuse(self, request: Request, why: str) -> None:
        if self._working() is not None:
            self._listener(RequestDone(request, why))

    def _working(self) -> PolledSession | None:
        return self._session if self.link.works else None

    def _watch(self, session: PolledSession) -> None:
        if self._guard is not None:
            self._guard.watch(session.deadline_ns)

    async def _search(self) -> None:
        if self._address.transport is Transport.SERIAL:
            while not self._address.path.exists():
                self._link.move(LinkState.SEARCHING, missing(self._address.path))
                self._backoff.reset()
                await asyncio.sleep(_SEARCH_S)
        if self.link is LinkState.LOST:
            self._link.move(LinkState.SEARCHING, f"trying {self._address} again")

    async def _attempt(self, executor: Executor) -> None:
        self._link.move(LinkState.CONNECTING, f"opening {self._address}")
        try:
            wire, descriptor = await open_wire(self._address, self._on_data, executor)
        except DockError as error:
            self._link.move(LinkState.SEARCHING, str(error))
            return
        session = self._session = self._new_session(wire.write, self._listener, self._on_ready)
        guard = self._guard = StopGuard(descriptor, session.lone_stop, self._name)
        try:
            reason = await self._converse(session, guard, wire)
            ended = LinkState.LOST if self.link.works else LinkState.SEARCHING
            self._link.move(ended, f"{self._address}: {reason}")
        finally:
            self._session = self._guard = None
            guard.close()
            await wire.close(executor)

    async def _converse(self, session: PolledSession, guard: StopGuard, wire: Wire) -> str:
        """Talk until it is over; why it is."""
        self._link.move(LinkState.NEGOTIATING, f"asking {self._address} what it is")
        session.begin(self._now_ns())
        try:
            while (reason := wire.error or session.fault(self._now_ns())) is None:
                if guard.take_fired():
                    session.on_lone_stop(self._now_ns())
                session.tick(self._now_ns())
                guard.watch(session.deadline_ns)
                await wire.wait_failed(_TICK_S)
        except asyncio.CancelledError:
            await self._farewell(session, guard, wire)
            raise
        for data in session.lone_stop():  # a dock that hears but does not answer must not turn on
            wire.write(data)
        return reason

    async def _farewell(self, session: PolledSession, guard: StopGuard, wire: Wire) -> None:
        if not self.link.works:
            return
        self._link.close()  # from here on no drive gets through
        deadline_ns = self._now_ns() + _FAREWELL_NS
        session.stop(self._now_ns())
        guard.watch(None)
        while session.stopping and wire.error is None and self._now_ns() < deadline_ns:
            await wire.wait_failed(_TICK_S)
            session.tick(self._now_ns())

    def _on_data(self, data: bytes) -> None:
        if self._session is not None:
            self._session.receive(data, self._now_ns())

    def _on_ready(self, capabilities: Capabilities) -> None:
        self._backoff.reset()
        name = " ".join(filter(None, (capabilities.model, capabilities.firmware)))
        self._link.move(LinkState.READY, f"{name} at {self._address}", capabilities)
