"""What a worker's processes hold in memory, and a watch that ends one that holds more than it may."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

INTERVAL_S = 0.1
# Beyond this over the limit the kernel refuses to give memory, should a worker be faster than the watch. It
# counts what is reserved too: stacks of threads, and the 32 MB that OpenBLAS takes for each of them.
SPARE_KB = 4 << 20
_COUNTED = ("RssAnon:", "RssShmem:")

WATCHED = sys.platform == "linux"


class MemoryWatch:
    """Calls `on_excess` with the kilobytes in use, once, when `pid` and its children hold too many.

    What counts is what the memory controller of a container charges to it alone: its own pages and shared
    memory, not the pages of libraries that it shares with others.
    """

    def __init__(self, pid: int, limit_kb: int, on_excess: Callable[[int], None]) -> None:
        self._pid = pid
        self._limit_kb = limit_kb
        self._on_excess = on_excess
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(INTERVAL_S, self._look)

    def stop(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        used = used_kb(self._pid)
        if used > self._limit_kb:
            self._on_excess(used)
        else:
            self._timer = self._loop.call_later(INTERVAL_S, self._look)


def used_kb(pid: int) -> int:
    """What the process and those that it has started hold (Linux); 0 for one that has ended."""
    return sum(map(_own_kb, _family(pid)))


def _own_kb(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith(_COUNTED))


def _family(pid: int) -> Iterator[int]:
    yield pid
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in file.read_text().split():
                yield from _family(int(child))
