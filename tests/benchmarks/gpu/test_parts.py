from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.gpu.parts import join, main, split


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of many sizes, one of them empty."""
    random = np.random.default_rng(0)
    for name, size in (("a/large", 100_000), ("a/small", 10), ("b/empty", 0), ("c", 7_000)):
        path = tmp_path / "whole" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.bytes(size))
    return tmp_path / "whole"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_split_and_joined_in_any_order(folder: Path, tmp_path: Path) -> None:
    parts = split(folder, tmp_path / "parts", 40_000)
    assert len(parts) == 3
    assert all(sum(path.stat().st_size for path in part.iterdir()) < 42_000 for part in parts)
    for part in reversed(parts):
        join(tmp_path / "again", [part])
    assert contents(tmp_path / "again") == contents(folder)


def test_damage_is_noticed(folder: Path, tmp_path: Path) -> None:
    (part,) = split(folder, tmp_path / "parts", 10**6)
    (part / "0").write_bytes(b"x")
    with pytest.raises(ValueError, match="0 is damaged"):
        join(tmp_path / "again", [part])


def test_commands(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["split", str(folder), str(tmp_path / "parts"), "--mb", "1"]) == 0
    (part,) = capsys.readouterr().out.split()
    assert main(["join", str(tmp_path / "again"), part]) == 0
    assert contents(tmp_path / "again") == contents(folder)
