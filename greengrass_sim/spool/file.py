"""Messages in an SQLite file, for as long as the broker does not have them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from greengrass_sim.database import open_database
from greengrass_sim.errors import StateError
from greengrass_sim.spool.entry import Entry

_SCHEMA = "CREATE TABLE message (number INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL)"


class SpoolFile:
    """Belongs to the thread that made it. What `write` has taken survives the end of the process in any way.

    Raises StateError when the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = open_database(path, "spool", _SCHEMA)

    def load(self) -> list[Entry]:
        """What an earlier process has left, oldest first."""
        with closing(self._database.execute("SELECT number, topic, payload FROM message ORDER BY 1")) as rows:
            return [Entry(number, topic, payload, written=True) for number, topic, payload in rows]

    def write(self, new: Iterable[Entry], gone: Iterable[int]) -> None:
        """Takes messages in and removes others, both or neither; raises StateError when it cannot."""
        try:
            with self._database:
                self._database.executemany("DELETE FROM message WHERE number = ?", ((one,) for one in gone))
                rows = ((one.number, one.topic, one.payload) for one in new)
                self._database.executemany("INSERT INTO message VALUES (?, ?, ?)", rows)
        except sqlite3.Error as error:
            raise StateError(f"{self._path}: cannot keep messages: {error}") from error

    def close(self) -> None:
        self._database.close()
