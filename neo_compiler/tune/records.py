"""What was measured before: a table in SQLite that compilations share."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from neo_compiler.tune.circumstances import Circumstances
from neo_compiler.tune.verdict import Verdict

PLACE = "NEO_TUNING"  # the environment variable that names another file
BUSY = 10.0  # seconds to wait for another process that writes
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

# Another layout of the table gets another name.
_CREATE = """CREATE TABLE IF NOT EXISTS verdicts_1 (
    kernel TEXT, shapes TEXT, target TEXT, machine TEXT, compiler TEXT,
    chosen TEXT NOT NULL, analytic_ms REAL, chosen_ms REAL, time TEXT DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (kernel, shapes, target, machine, compiler))"""
_KEEP = "INSERT OR REPLACE INTO verdicts_1 VALUES (?, ?, ?, ?, ?, ?, ?, ?, CURRENT_TIMESTAMP)"
_FIND = """SELECT chosen, analytic_ms, chosen_ms FROM verdicts_1
    WHERE kernel = ? AND shapes = ? AND target = ? AND machine = ? AND compiler = ?"""

log = logging.getLogger(__name__)


class _DamagedError(Exception):
    """The file is no database, or one whose pages are broken."""


class Records:
    """Verdicts by kernel and shapes, for the circumstances of one compilation; see `open_records`.

    Other processes may use the same file. What goes wrong with it is told in `notes`, and never ends a
    compilation: at worst, the next one measures again.
    """

    def __init__(self, path: Path, circumstances: Circumstances) -> None:
        self.path = path
        self.notes: list[str] = []
        self._key = circumstances.target, circumstances.machine, circumstances.compiler
        self._database = self._open()

    def find(self, kernel: str, shapes: str) -> Verdict | None:
        """The verdict on a kernel, if there is one."""
        try:
            row = self._database.execute(_FIND, (kernel, shapes, *self._key)).fetchone()
        except sqlite3.Error as error:
            self._note(f"the tuning records in {self.path} cannot be read: {error}")
            return None
        return Verdict(*row) if row else None

    def keep(self, kernel: str, shapes: str, verdict: Verdict) -> None:
        """Write a verdict; it is on disk when this returns."""
        values = verdict.chosen, verdict.analytic_ms, verdict.chosen_ms
        try:
            with self._database:
                self._database.execute(_KEEP, (kernel, shapes, *self._key, *values))
        except sqlite3.Error as error:
            self._note(f"the tuning records in {self.path} cannot be written: {error}")

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return _connect(self.path)
        except _DamagedError:
            return self._anew()
        except (OSError, sqlite3.Error) as error:
            return self._without(error)

    def _anew(self) -> sqlite3.Connection:
        aside = self.path.with_name(f"{self.path.name}.damaged")
        self._note(
            f"the tuning records in {self.path} were damaged: begun anew, the old file is {aside.name}"
        )
        try:
            self.path.replace(aside)
            return _connect(self.path)
        except (OSError, sqlite3.Error, _DamagedError) as error:
            return self._without(error)

    def _without(self, error: Exception) -> sqlite3.Connection:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        self._note(f"no tuning records are kept in {self.path}: {reason}")
        return _connect(Path(":memory:"))

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
            log.warning("%s", text)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=BUSY)
    try:
        with database:
            database.execute(_CREATE)
        if (state := database.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise _DamagedError(state)
    except BaseException as error:
        database.close()
        if isinstance(error, sqlite3.DatabaseError) and error.sqlite_errorcode in _DAMAGE:
            raise _DamagedError(str(error)) from error
        raise
    return database


@contextlib.contextmanager
def open_records(circumstances: Circumstances, path: Path | None = None) -> Iterator[Records]:
    """The records in `path`, by default in the user's cache folder, closed afterwards."""
    records = Records(path or records_path(), circumstances)
    try:
        yield records
    finally:
        records.close()


def records_path() -> Path:
    """The file that NEO_TUNING names, else `neo-edge/tuning.sqlite` in the user's cache folder."""
    if chosen := os.environ.get(PLACE):
        return Path(chosen).expanduser().absolute()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser().absolute() / "neo-edge" / "tuning.sqlite"
