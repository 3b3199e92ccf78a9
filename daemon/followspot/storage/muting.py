"""Whether the teacher had muted her marker: a daemon that starts again in mid-lesson must not hear what she hid."""

from followspot.storage.database import Database


class Muting:
    """The mute that was told last, for as long as the machine runs."""

    def __init__(self, database: Database, boot_id: str) -> None:
        self._database = database
        self._boot_id = boot_id

    def keep(self, *, muted: bool) -> None:
        """Put it on record, durably."""
        with self._database.transaction():
            self._database.execute("UPDATE box SET muted_boot_id = ?", (self._boot_id if muted else None,))

    def is_muted(self) -> bool:
        """Whether it was muted when this boot's last daemon ended."""
        row = self._database.one("SELECT muted_boot_id FROM box")
        return bool(row["muted_boot_id"] == self._boot_id)
