from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from edge_runtime.manifest import FileEntry
from edge_runtime.package.hashing import CHUNK, Hash, hash_file


def test_pieces() -> None:
    with Hash() as digest:
        for number in range(100):
            digest.update(bytes([number]) * 5000)
    content = b"".join(bytes([number]) * 5000 for number in range(100))
    assert digest.finish() == hashlib.sha256(content).hexdigest()
    assert digest.finish(b"end") == hashlib.sha256(content + b"end").hexdigest()
    assert digest.size == len(content)


def test_the_thread_ends_when_the_work_fails() -> None:
    def fail() -> None:
        with Hash() as digest:
            digest.update(b"x")
            assert threading.active_count() == before + 1
            raise InterruptedError

    before = threading.active_count()
    with pytest.raises(InterruptedError):
        fail()
    assert threading.active_count() == before


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1])
def test_file(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    path = tmp_path / "file"
    path.write_bytes(content[:size])
    assert hash_file(path) == FileEntry(hashlib.sha256(content[:size]).hexdigest(), size)
