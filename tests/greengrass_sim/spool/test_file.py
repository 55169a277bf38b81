from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from greengrass_sim.errors import StateError
from greengrass_sim.spool.entry import Entry
from greengrass_sim.spool.file import SpoolFile


def rows(file: SpoolFile) -> list[tuple[int, str, bytes]]:
    return [(one.number, one.topic, one.payload) for one in file.load()]


def test_what_was_written_is_there_again(tmp_path: Path) -> None:
    file = SpoolFile(tmp_path / "spool")
    file.write([Entry(1, "a", b"\0\xff"), Entry(2, "ü", b""), Entry(3, "c", b"x")], [])
    file.write([Entry(4, "d", b"y")], [1, 3])
    file.close()
    again = SpoolFile(tmp_path / "spool")
    assert rows(again) == [(2, "ü", b""), (4, "d", b"y")]
    assert all(one.written for one in again.load())
    again.close()


def test_all_or_nothing(tmp_path: Path) -> None:
    file = SpoolFile(tmp_path / "spool")
    file.write([Entry(1, "a", b"")], [])
    with pytest.raises(StateError, match="cannot keep messages"):
        file.write([Entry(2, "b", b""), Entry(1, "again", b"")], [])
    assert rows(file) == [(1, "a", b"")]
    file.close()


def test_a_file_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "spool").write_bytes(b"no database" * 100)
    with pytest.raises(StateError, match="cannot be used as the file of the spool"):
        SpoolFile(tmp_path / "spool")


def test_a_file_of_a_newer_release(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "spool")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StateError, match=r"written by a newer neo-edge \(schema 99\)"):
        SpoolFile(tmp_path / "spool")
