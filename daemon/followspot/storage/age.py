"""How old the box is as far as anybody can prove: the clock by which sent events are kept."""

from followspot.domain.clock import Clock
from followspot.storage.boot import Boot
from followspot.storage.database import Database

SECOND_NS = 1_000_000_000


class BoxAge:
    """Seconds that have passed, never more than have: a clock that is set wrongly and right again ages nothing.

    Within a boot CLOCK_BOOTTIME counts. From one boot to the next the wall clock does where it was set both times, else
    only what this boot has lasted.
    """

    def __init__(self, database: Database, boot: Boot, clock: Clock) -> None:
        self._database = database
        self._boot = boot
        self._clock = clock
        self._began_s = self._found_s()
        self._began_ns = boot.boottime_ns()

    def now_s(self) -> int:
        """The age now."""
        return self._began_s + (self._boot.boottime_ns() - self._began_ns) // SECOND_NS

    def keep(self) -> None:
        """Put it on record; what passes between the last time and a crash in an unset clock's time does not count."""
        wall_s = self._wall_s() if self._boot.clock_synced() else None
        values = self.now_s(), self._boot.boot_id(), self._boot.boottime_ns() // SECOND_NS, wall_s
        with self._database.transaction():
            self._database.execute("UPDATE box SET age_s = ?, age_boot_id = ?, age_boot_s = ?, age_wall_s = ?", values)

    def _found_s(self) -> int:
        row = self._database.one("SELECT age_s, age_boot_id, age_boot_s, age_wall_s FROM box")
        boot_s = self._boot.boottime_ns() // SECOND_NS
        passed_s: int = 0 if row["age_boot_id"] is None else boot_s
        if row["age_boot_id"] == self._boot.boot_id():
            passed_s -= row["age_boot_s"]
        elif row["age_wall_s"] is not None and self._boot.clock_synced():
            passed_s = max(boot_s, self._wall_s() - row["age_wall_s"])
        return int(row["age_s"]) + passed_s

    def _wall_s(self) -> int:
        return int(self._clock.utc_now().timestamp())
