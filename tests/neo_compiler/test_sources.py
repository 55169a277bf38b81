from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from neo_compiler.sources import ROOT, source_hash


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the compiler's sources."""
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(ROOT, tmp_path / "sources", ignore=ignored))


def test_hash_of_the_compiler(sources: Path) -> None:
    assert source_hash(sources) == source_hash(ROOT) == source_hash()


@pytest.mark.parametrize(
    "name", ["job.py", "schedule/cpu/conv2d.py", "native/runtime/pool.c", "target/devices.toml"]
)
def test_every_source_counts(sources: Path, name: str) -> None:
    before = source_hash(sources)
    path = sources / name
    path.write_bytes(path.read_bytes() + b"\n")
    changed = source_hash(sources)
    path.rename(path.with_name(f"other{path.suffix}"))
    assert len({before, changed, source_hash(sources)}) == 3


def test_other_files_do_not_count(sources: Path) -> None:
    before = source_hash(sources)
    (sources / "notes.txt").write_text("for people")
    (sources / "__pycache__").mkdir()
    (sources / "__pycache__" / "job.cpython-311.pyc").write_bytes(b"x")
    assert source_hash(sources) == before
