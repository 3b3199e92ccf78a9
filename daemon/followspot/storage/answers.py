"""Answers that commands got: a command sent again after a restart is still the same command."""

from followspot.storage.database import Database

KEPT = 256
"""A sender that got no answer asks again within seconds; this many commands take a person hours."""


class Answers:
    """The table of the newest answers, by the command's name and id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[tuple[str, str, str]]:
        """Name, id and answer of each, oldest first."""
        rows = self._database.all("SELECT name, id, answer FROM answers ORDER BY rowid")
        return [(row["name"], row["id"], row["answer"]) for row in rows]

    def keep(self, name: str, command_id: str, answer: str) -> None:
        """Put an answer on record, and forget the oldest."""
        with self._database.transaction():
            self._database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (name, command_id, answer))
            self._database.execute("DELETE FROM answers WHERE rowid <= (SELECT MAX(rowid) FROM answers) - ?", (KEPT,))
