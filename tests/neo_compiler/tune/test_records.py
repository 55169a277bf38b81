from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from neo_compiler.tune.circumstances import Circumstances
from neo_compiler.tune.records import open_records, records_path
from neo_compiler.tune.verdict import Verdict

HERE = Circumstances("x86-64-v3", "a CPU", "one compiler")
VERDICT = Verdict("2x2x7", 1.5, 1.25)


def test_a_verdict_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "tuning.sqlite"
    with open_records(HERE, path) as records:
        assert records.find("kernel", "float32[1]") is None
        records.keep("kernel", "float32[1]", VERDICT)
        records.keep("failed", "float32[1]", Verdict("1x1x1", None, None))
    with open_records(HERE, path) as records:
        assert records.find("kernel", "float32[1]") == VERDICT
        assert records.find("failed", "float32[1]") == Verdict("1x1x1", None, None)
        assert records.find("kernel", "float32[2]") is None
        assert records.find("other", "float32[1]") is None
        assert records.notes == []


@pytest.mark.parametrize("field", ["target", "machine", "compiler"])
def test_verdicts_of_other_circumstances_do_not_count(tmp_path: Path, field: str) -> None:
    path = tmp_path / "tuning.sqlite"
    with open_records(HERE, path) as records:
        records.keep("kernel", "", VERDICT)
    other = replace(HERE, **{field: "another"})
    with open_records(other, path) as records:
        assert records.find("kernel", "") is None
        records.keep("kernel", "", Verdict("1x1x1", 1.0, 1.0))
    with open_records(HERE, path) as records:
        assert records.find("kernel", "") == VERDICT


def test_the_latest_verdict_counts(tmp_path: Path) -> None:
    with open_records(HERE, tmp_path / "tuning.sqlite") as records:
        records.keep("kernel", "", VERDICT)
        records.keep("kernel", "", Verdict("1x1x1", 1.0, 1.0))
        assert records.find("kernel", "") == Verdict("1x1x1", 1.0, 1.0)


def filled(path: Path) -> bytes:
    """A database of many pages."""
    with open_records(HERE, path) as records:
        for number in range(200):
            records.keep(f"kernel{number}", "float32[1,64,56,56] " * 8, VERDICT)
    return path.read_bytes()


@pytest.mark.parametrize("damage", ["text", "head", "pages"])
def test_a_damaged_file_is_set_aside(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "tuning.sqlite"
    content = filled(path)
    damaged = {
        "text": b"these are no records\n" * 100,
        "head": bytes(100) + content[100:],
        "pages": content[:4096] + b"\xff" * (len(content) - 4096),
    }[damage]
    path.write_bytes(damaged)
    with open_records(HERE, path) as records:
        assert records.find("kernel1", "") is None
        records.keep("kernel", "", VERDICT)
        (note,) = records.notes
    assert f"the tuning records in {path} were damaged: begun anew" in note
    assert path.with_name("tuning.sqlite.damaged").read_bytes() == damaged
    with open_records(HERE, path) as records:
        assert records.find("kernel", "") == VERDICT
        assert records.notes == []


def test_damage_that_shows_later_is_told(tmp_path: Path) -> None:
    path = tmp_path / "tuning.sqlite"
    filled(path)
    with open_records(HERE, path) as records:
        path.write_bytes(b"\xff" * path.stat().st_size)
        assert records.find("kernel", "") is None
        records.keep("kernel", "", VERDICT)
        records.keep("kernel", "", VERDICT)
        assert [note.split(":")[0] for note in records.notes] == [
            f"the tuning records in {path} cannot be read",
            f"the tuning records in {path} cannot be written",
        ]


def test_where_no_file_can_be_verdicts_last_as_long_as_the_process(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "tuning.sqlite", tmp_path):
        with open_records(HERE, path) as records:
            records.keep("kernel", "", VERDICT)
            assert records.find("kernel", "") == VERDICT
            (note,) = records.notes
            assert f"no tuning records are kept in {path}: " in note
    assert [row.name for row in tmp_path.iterdir()] == ["file"]


def test_an_older_table_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "tuning.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE verdicts_0 (kernel TEXT)")
    database.close()
    with open_records(HERE, path) as records:
        records.keep("kernel", "", VERDICT)
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT * FROM verdicts_0").fetchall() == []
    database.close()


WRITER = """
import sys
from pathlib import Path
from tests.neo_compiler.tune.test_records import HERE, VERDICT
from neo_compiler.tune.records import open_records
with open_records(HERE, Path(sys.argv[1])) as records:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(20):
        records.keep(f"{sys.argv[2]} {number}", "", VERDICT)
    assert records.notes == [], records.notes
"""


def test_processes_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "tuning.sqlite"
    names = ["first", "second", "third"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for name in names
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    with open_records(HERE, path) as records:
        found = [records.find(f"{name} {number}", "") for name in names for number in range(20)]
    assert found == [VERDICT] * 60


def test_where_the_records_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert records_path() == tmp_path / ".cache" / "neo-edge" / "tuning.sqlite"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert records_path() == tmp_path / "xdg" / "neo-edge" / "tuning.sqlite"
    monkeypatch.setenv("NEO_TUNING", "~/mine.sqlite")
    assert records_path() == tmp_path / "mine.sqlite"
