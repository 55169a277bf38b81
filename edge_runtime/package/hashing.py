"""SHA-256 on a thread of its own: hashing takes as long as reading, unpacking and writing together."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from queue import SimpleQueue

from edge_runtime.manifest import FileEntry

CHUNK = 1 << 18
_AHEAD = 8  # pieces that may wait: memory stays bounded where the hash is the slowest part

Piece = bytes | memoryview


class Hash:
    """SHA-256 and size of pieces of bytes, which must not change after `update`.

    A context manager: leaving it ends the thread.
    """

    def __init__(self) -> None:
        self.size = 0
        self._hash = hashlib.sha256()
        self._pieces: SimpleQueue[Piece | None] = SimpleQueue()
        self._room = threading.Semaphore(_AHEAD)
        self._thread = threading.Thread(target=self._work, name="neo-hash", daemon=True)
        self._thread.start()

    def update(self, piece: Piece) -> None:
        self.size += len(piece)
        self._room.acquire()
        self._pieces.put(piece)

    def finish(self, last: Piece = b"") -> str:
        """The digest, in hexadecimal, of all pieces and `last`; may be called again with another `last`."""
        if self._thread.is_alive():
            self._pieces.put(None)
            self._thread.join()
        whole = self._hash.copy()
        whole.update(last)
        return whole.hexdigest()

    def __enter__(self) -> Hash:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def _work(self) -> None:
        while (piece := self._pieces.get()) is not None:
            self._hash.update(piece)
            self._room.release()


def hash_file(path: Path) -> FileEntry:
    """SHA-256 and size of a file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return FileEntry(digest.hexdigest(), size)
