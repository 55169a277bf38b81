from __future__ import annotations

from pathlib import Path

import pytest

from greengrass_sim.errors import UsageError
from greengrass_sim.watch.recording import Recorded, read, write_header

MESSAGES = [Recorded(0.0, "a/b", b"text", "cloud"), Recorded(1.5, "c", b"\x00\xff", "cloud")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "recording"
    with path.open("w", encoding="utf-8") as file:
        write_header(file)
        file.writelines(one.to_line() + "\n" for one in MESSAGES)
    return path


def test_what_is_written_is_read(path: Path) -> None:
    assert read(path) == MESSAGES


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "line 4 is no JSON object"),
        ("[]", "line 4 is no JSON object"),
        ('{"after": 1}', "line 4 is no recorded message"),
        ('{"after": "x", "topic": "a", "source": "cloud"}', "line 4 is no recorded message"),
        (
            '{"after": 1, "topic": "a", "source": "cloud", "payload_base64": "?"}',
            "line 4 is no recorded message",
        ),
    ],
)
def test_damaged_lines(path: Path, line: str, problem: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(UsageError, match=problem):
        read(path)


def test_other_files(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "newer").write_text('{"format": "greengrass-sim recording", "version": 2}\n')
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, problem in [
        ("empty", "is no recording"),
        ("newer", "has version 2, this one reads 1"),
        ("binary", "cannot read"),
        ("missing", "cannot read"),
    ]:
        with pytest.raises(UsageError, match=problem):
            read(tmp_path / name)
