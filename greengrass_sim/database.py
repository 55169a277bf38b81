"""SQLite files of ours: opened the same way, and refused when a newer version has written them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from greengrass_sim.errors import StateError

_VERSION = 1


def open_database(path: Path, of: str, schema: str) -> sqlite3.Connection:
    """The file at `path`, made with `schema` when it is new.

    Raises StateError, which says that it is the file of the `of`, when it cannot be used.
    """
    try:
        database = sqlite3.connect(path)
        _prepare(database, path, schema)
    except sqlite3.Error as error:
        raise StateError(f"{path}: cannot be used as the file of the {of}: {error}") from error
    return database


def _prepare(database: sqlite3.Connection, path: Path, schema: str) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    # The log is flushed at checkpoints only: a power cut may cost the last changes, never the file.
    database.execute("PRAGMA synchronous = NORMAL")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version not in (0, _VERSION):
        raise StateError(f"{path}: written by a newer neo-edge (schema {version}): move it away")
    if version == 0:
        database.executescript(f"BEGIN; {schema}; PRAGMA user_version = {_VERSION}; COMMIT;")
