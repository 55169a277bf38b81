"""Where artifacts are unpacked: one folder per content, made whole or not at all, shared by all processes."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("edge_runtime")

UNUSABLE = "the cache %s cannot be used (%s); unpacking to a temporary folder"
_UNFINISHED = ".unfinished-"


@dataclass(frozen=True)
class Cache:
    """Unpacked artifacts under `root`, named by the SHA-256 and size of their archives.

    Of an archive for several targets each target is unpacked when it is needed, as an entry of its own.
    """

    root: Path

    def entries_of_size(self, size: int) -> list[Path]:
        """Where there is none for an archive of this size, it need not be hashed before it is unpacked."""
        return sorted([*self.root.glob(f"*-{size}"), *self.root.glob(f"*-{size}@*")])

    def entry(self, digest: str, size: int, target: str = "") -> Path:
        """`target` is a name that may be part of a file's; "" where the archive is for one target alone."""
        return self.root / (f"{digest}-{size}@{target}" if target else f"{digest}-{size}")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Waits until no other process adds or removes entries, and keeps them from it."""
        with (self.root / ".lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            for folder in self.root.glob(f"{_UNFINISHED}*"):  # of a process that was killed
                shutil.rmtree(folder, ignore_errors=True)
            yield

    @contextlib.contextmanager
    def workplace(self) -> Iterator[Path]:
        """A new folder, to be renamed to an entry; removed if it was not. For who holds the lock."""
        folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.root))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def drop(self, entry: Path) -> None:
        """Removes an entry; a process that has its files mapped keeps them. For who holds the lock."""
        with self.workplace() as grave:
            entry.rename(grave / "entry")


def find_cache() -> Cache | None:
    """EDGE_RUNTIME_CACHE, or neo-edge in the user's cache folder; None where it cannot be written."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    root = Path(os.environ.get("EDGE_RUNTIME_CACHE") or f"{home}/neo-edge")
    try:
        root = root.expanduser().absolute()
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=root).close()
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home folder
        log.warning(UNUSABLE, root, error)
        return None
    return Cache(root)
