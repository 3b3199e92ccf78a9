"""Several ways to a dock behind one port: the best that works is used, and a better one takes over between lessons."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from followspot_dock.port import Dock, DockEvent, DockListener, LinkChanged, LinkState, check_motion
from followspot_dock.waiting import wait_set

OpenDock = Callable[[DockListener], Dock]

HEAD_START_S = 1.0
"""What a better way gets: a dock on a cable is ready by then, so that the air is not searched without need."""


class _Way:
    """One of the docks: whether it shall run, and what it said last. It is made when it runs for the first time."""

    def __init__(self, name: str, rank: int, open_dock: OpenDock, tell: Callable[["_Way", DockEvent], None]) -> None:
        self.name = name
        self.rank = rank
        self.dock: Dock | None = None
        self.lamp_on = False
        self.lesson: bool | None = None
        self.reason = ""
        self._open_dock = open_dock
        self._tell = partial(tell, self)
        self._wanted = asyncio.Event()
        self._unwanted = asyncio.Event()

    def want(self, wanted: bool) -> None:
        """Let it run, or let it end: then it leaves its dock stopped and closes before it may run again."""
        on, off = (self._wanted, self._unwanted) if wanted else (self._unwanted, self._wanted)
        on.set()
        off.clear()

    def light(self, on: bool) -> None:
        """Set the markers' lamp, now or when there is a dock."""
        self.lamp_on = on
        if self.dock is not None:
            self.dock.marker_lamp(on)

    def teach(self, active: bool) -> None:
        """Say whether a lesson runs, now or when there is a dock."""
        self.lesson = active
        if self.dock is not None:
            self.dock.lesson(active)

    async def keep(self) -> None:
        """Run the dock whenever it is wanted for longer than the better ways' head start, until cancelled."""
        while True:
            await self._wanted.wait()
            await wait_set(self._unwanted, self.rank * HEAD_START_S)
            if self._wanted.is_set():
                await self._run()

    async def _run(self) -> None:
        if self.dock is None:
            self.dock = self._open_dock(self._tell)
            self.dock.marker_lamp(self.lamp_on)
            if self.lesson is not None:
                self.dock.lesson(self.lesson)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(self.dock.run(), name=f"dock-{self.name}")
            await self._unwanted.wait()
            running.cancel()


class PreferredDock(Dock):
    """`ways` are names and docks, best first. Whoever listens hears one dock: an exchange is one READY more.

    While no way works all are tried. While one works only better ones are, and only between lessons: nothing searches
    the air, and nothing changes, while a lesson has a link that works.
    """

    def __init__(self, ways: Sequence[tuple[str, OpenDock]], listener: DockListener) -> None:
        self._listener = listener
        self._active: _Way | None = None
        self._lesson = False
        self._told = LinkChanged(LinkState.SEARCHING, "")
        self._ways = [_Way(name, rank, open_dock, self._on_event) for rank, (name, open_dock) in enumerate(ways)]

    @property
    def link(self) -> LinkState:
        return self._told.state

    async def run(self) -> None:
        self._choose(None)
        try:
            async with asyncio.TaskGroup() as tasks:
                for way in self._ways:
                    tasks.create_task(way.keep(), name=f"dock-way-{way.name}")
        finally:
            self._active = None
            self._told = LinkChanged(LinkState.SEARCHING, "")

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int) -> None:
        check_motion(pan_dps, tilt_dps, ttl_ms)
        if (dock := self._dock) is not None:
            dock.drive(pan_dps, tilt_dps, ttl_ms)

    def drive_to(self, pan_deg: float, tilt_deg: float, ttl_ms: int) -> int | None:
        check_motion(pan_deg, tilt_deg, ttl_ms)
        return dock.drive_to(pan_deg, tilt_deg, ttl_ms) if (dock := self._dock) is not None else None

    def park(self, ttl_ms: int) -> int | None:
        check_motion(0.0, 0.0, ttl_ms)
        return dock.park(ttl_ms) if (dock := self._dock) is not None else None

    def stop(self) -> None:
        if (dock := self._dock) is not None:
            dock.stop()

    def marker_lamp(self, on: bool) -> None:
        for way in self._ways:  # whoever takes over keeps it
            way.light(on)

    def follow_marker(self, marker_id: int) -> None:
        if (dock := self._dock) is not None:
            dock.follow_marker(marker_id)

    def clear_fault(self) -> None:
        if (dock := self._dock) is not None:
            dock.clear_fault()

    def identify(self) -> None:
        if (dock := self._dock) is not None:
            dock.identify()

    def lesson(self, active: bool) -> None:
        self._lesson = active
        for way in self._ways:  # whoever takes over knows it
            way.teach(active)
        self._choose(self._active)

    @property
    def _dock(self) -> Dock | None:
        return self._active.dock if self._active is not None else None

    def _choose(self, active: _Way | None) -> None:
        """Use `active`; let run what may."""
        self._active = active
        for way in self._ways:
            better = active is None or (way.rank < active.rank and not self._lesson)
            way.want(better or way is active)

    def _on_event(self, way: _Way, event: DockEvent) -> None:
        if isinstance(event, LinkChanged):
            self._on_link(way, event)
        elif way is self._active:
            self._listener(event)

    def _on_link(self, way: _Way, event: LinkChanged) -> None:
        if event.state in (LinkState.SEARCHING, LinkState.LOST):
            way.reason = event.reason
        if way is self._active:
            self._tell(event)
            if event.state is LinkState.LOST:
                self._choose(None)
        elif event.state is LinkState.READY and self._may_take_over(way):
            self._choose(way)
            self._tell(event)
        elif self._active is None and event.state is LinkState.SEARCHING:
            reasons = [f"{other.name}: {other.reason}" for other in self._ways if other.reason]
            self._tell(LinkChanged(LinkState.SEARCHING, "; ".join(reasons)))

    def _may_take_over(self, way: _Way) -> bool:
        return self._active is None or (way.rank < self._active.rank and not self._lesson)

    def _tell(self, event: LinkChanged) -> None:
        if event != self._told:
            self._told = event
            self._listener(event)
