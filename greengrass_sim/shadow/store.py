"""Shadow documents in an SQLite file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from greengrass_sim.database import open_database
from greengrass_sim.shadow.document import Document, Section
from greengrass_sim.shadow.names import ShadowName

_SCHEMA = """
CREATE TABLE shadow (
    thing TEXT NOT NULL,
    name TEXT NOT NULL,     -- empty for the classic shadow
    version INTEGER NOT NULL,
    document TEXT,          -- null when deleted: the version goes on from there
    PRIMARY KEY (thing, name)
) WITHOUT ROWID
"""


class ShadowStore:
    """Belongs to the thread that made it. What was committed survives the end of the process in any way.

    Raises StateError when the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._database = open_database(path, "shadows", _SCHEMA)
        self._database.isolation_level = None  # `transaction` begins them

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
