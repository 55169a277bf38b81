"""Device memory of a model that its callers hold: recycled, and all of it freed before the model is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from weakref import finalize


class Block:
    """Some bytes on the device, given back when nobody refers to the object any more."""

    def __init__(self, memory: DeviceMemory, address: int, nbytes: int) -> None:
        self.address = address
        self.read: Callable[[int, int, int], None] = memory.read
        finalize(self, memory.give, address, nbytes)


class DeviceMemory:
    """`allocate` gives an address for a number of bytes, `free` takes it, `read` copies to host memory."""

    def __init__(
        self,
        allocate: Callable[[int], int],
        free: Callable[[int], None],
        read: Callable[[int, int, int], None],
    ) -> None:
        self._allocate, self._free, self.read = allocate, free, read
        self._lock = threading.RLock()  # a garbage collection within `take` may call `give`
        self._idle: dict[int, list[int]] = {}
        self._used = 0
        self._at_end: Callable[[], None] | None = None

    def take(self, nbytes: int) -> Block:
        """Memory whose contents are not defined."""
        with self._lock:
            idle = self._idle.get(nbytes)
            address = idle.pop() if idle else self._allocate(nbytes)
            self._used += 1
        return Block(self, address, nbytes)

    def give(self, address: int, nbytes: int) -> None:
        """Ends the use of a block."""
        with self._lock:
            self._used -= 1
            self._idle.setdefault(nbytes, []).append(address)
            if self._at_end:
                self._end()

    def close(self, then: Callable[[], None]) -> None:
        """Frees everything and calls `then`, at once or when the last block is given back."""
        with self._lock:
            self._at_end = then
            self._end()

    def _end(self) -> None:
        for addresses in self._idle.values():
            while addresses:
                self._free(addresses.pop())
        if self._used == 0 and self._at_end:
            then, self._at_end = self._at_end, None
            then()
