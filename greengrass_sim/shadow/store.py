"""Shadow documents in an SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from greengrass_sim.errors import StateError
from greengrass_sim.shadow.document import Document, Section
from greengrass_sim.shadow.names import ShadowName

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE shadow (
    thing TEXT NOT NULL,
    name TEXT NOT NULL,     -- empty for the classic shadow
    version INTEGER NOT NULL,
    document TEXT,          -- null when deleted: the version goes on from there
    PRIMARY KEY (thing, name)
) WITHOUT ROWID;
"""


class ShadowStore:
    """Belongs to the thread that made it. What was committed survives the end of the process in any way.

    Raises StateError when the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._database = sqlite3.connect(path, isolation_level=None)
            self._prepare()
        except sqlite3.Error as error:
            raise StateError(f"{path}: cannot be used as the file of the shadows: {error}") from error

    def _prepare(self) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        # The log is flushed at checkpoints only: a power cut may cost the last updates, never the file.
        self._database.execute("PRAGMA synchronous = NORMAL")
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version not in (0, _SCHEMA_VERSION):
            raise StateError(f"{self._path}: written by a newer neo-edge (schema {version}): move it away")
        if version == 0:
            self._database.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is committed together, or not at all when it raises."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def get(self, shadow: ShadowName) -> Document | None:
        """The document, or None when there is none."""
        row = self._row(shadow)
        return _document(row[1], row[0]) if row and row[1] is not None else None

    def latest_version(self, shadow: ShadowName) -> int:
        """The version of the document, also of one that was deleted; 0 when there never was one."""
        row = self._row(shadow)
        return int(row[0]) if row else 0

    def put(self, shadow: ShadowName, document: Document) -> None:
        """Writes the document over what was there."""
        sections = {"state": document.state, "metadata": document.metadata}
        self._write(shadow, document.version, json.dumps(sections, separators=(",", ":")))

    def delete(self, shadow: ShadowName) -> None:
        """Removes the document and keeps its version."""
        self._write(shadow, self.latest_version(shadow), None)

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _row(self, shadow: ShadowName) -> tuple[int, str | None] | None:
        row: tuple[int, str | None] | None = self._database.execute(
            "SELECT version, document FROM shadow WHERE thing = ? AND name = ?", (shadow.thing, shadow.name)
        ).fetchone()
        return row

    def _write(self, shadow: ShadowName, version: int, document: str | None) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO shadow VALUES (?, ?, ?, ?)",
            (shadow.thing, shadow.name, version, document),
        )


def _document(text: str, version: int) -> Document:
    sections: dict[str, Any] = json.loads(text)
    state, metadata = sections["state"], sections["metadata"]
    return Document(
        **{name: Section(state[name], metadata[name]) for name in state},
        version=version,
    )
