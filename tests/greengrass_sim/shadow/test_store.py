from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from greengrass_sim.errors import StateError
from greengrass_sim.shadow.document import Document
from greengrass_sim.shadow.names import ShadowName
from greengrass_sim.shadow.store import ShadowStore

LAMP, NIGHT = ShadowName("lamp"), ShadowName("lamp", "night")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shadows.sqlite3"


def test_documents_survive_and_shadows_are_apart(path: Path) -> None:
    first = Document().update({"desired": {"é": [1, 2.5]}, "reported": {"on": False}}, 1)
    second = Document().update({"reported": {}}, 2)
    with ShadowStore(path) as store:
        assert store.get(LAMP) is None
        store.put(LAMP, first)
        store.put(NIGHT, second)
    with ShadowStore(path) as store:
        assert store.get(LAMP) == first
        assert store.get(NIGHT) == second
        assert store.get(ShadowName("other")) is None


def test_a_deleted_document_leaves_its_version(path: Path) -> None:
    with ShadowStore(path) as store:
        assert store.latest_version(LAMP) == 0
        store.put(LAMP, Document(version=7))
        store.delete(LAMP)
        assert store.get(LAMP) is None
        assert store.latest_version(LAMP) == 7


def test_a_transaction_that_fails_changes_nothing(path: Path) -> None:
    with ShadowStore(path) as store:
        store.put(LAMP, Document(version=1))
        with pytest.raises(sqlite3.IntegrityError):
            write_twice(store)
        assert store.latest_version(LAMP) == 1


def write_twice(store: ShadowStore) -> None:
    """The second write has no version, which the table does not take."""
    with store.transaction():
        store.put(LAMP, Document(version=2))
        store.put(NIGHT, Document(version=None))  # type: ignore[arg-type] # wrong on purpose


def test_what_is_committed_survives_a_kill(path: Path) -> None:
    program = """
import os, sys, pathlib
from greengrass_sim.shadow.store import ShadowStore
from greengrass_sim.shadow.document import Document
from greengrass_sim.shadow.names import ShadowName
store = ShadowStore(pathlib.Path(sys.argv[1]))
with store.transaction():
    store.put(ShadowName("lamp"), Document(version=5))
store._database.execute("BEGIN IMMEDIATE")
store.put(ShadowName("lamp"), Document(version=6))
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    with ShadowStore(path) as store:
        assert store.latest_version(LAMP) == 5


def test_files_that_cannot_be_used(path: Path) -> None:
    path.write_bytes(b"no database" * 100)
    with pytest.raises(StateError, match="cannot be used as the file of the shadows"):
        ShadowStore(path)
    path.unlink()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StateError, match="written by a newer neo-edge"):
        ShadowStore(path)
