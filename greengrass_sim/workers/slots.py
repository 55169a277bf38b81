"""How many workers of on-demand functions there may be in the core at once, and whose turn is next."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Protocol

MAX_CONCURRENT = 25


class Claimant(Protocol):
    """A function that needs slots."""

    def wants_slot(self) -> bool:
        """Whether it still has events that no worker of its own will take."""

    def slot_free(self) -> None:
        """There may be a slot now: it may try to take one."""


class Slots:
    """One slot for each worker (`maxConcurrentLimit` of a core's settings).

    When all are taken, the worker that has been idle for the longest gives way; when none is idle, the first
    function that asked gets the next slot.
    """

    def __init__(self, limit: int = MAX_CONCURRENT) -> None:
        self._limit = limit
        self._taken = 0
        self._ending = 0  # workers that were asked to give way and have not ended yet
        self._idle: OrderedDict[object, Callable[[], None]] = OrderedDict()
        self._waiting: deque[Claimant] = deque()

    def take(self, claimant: Claimant) -> bool:
        """Whether there is a slot; if not, the claimant is told when there may be one."""
        if self._taken < self._limit:
            self._taken += 1
            return True
        if claimant not in self._waiting:
            self._waiting.append(claimant)
        self._make_room()
        return False

    def give_back(self) -> None:
        """A worker has ended."""
        self._taken -= 1
        self._ending = max(0, self._ending - 1)
        while self._taken < self._limit and (claimant := self._next()):
            self._waiting.popleft()
            claimant.slot_free()

    def idle(self, worker: object, end: Callable[[], None]) -> None:
        """`worker` has nothing to do; `end` is called, once, when its slot is needed."""
        self._idle[worker] = end
        if self._taken >= self._limit and self._next():
            self._make_room()

    def busy(self, worker: object) -> None:
        """`worker` is no longer idle, or has ended."""
        self._idle.pop(worker, None)

    def _make_room(self) -> None:
        if self._idle and self._ending < len(self._waiting):
            self._ending += 1
            _, end = self._idle.popitem(last=False)
            end()

    def _next(self) -> Claimant | None:
        """Who waits for the longest and still wants a slot."""
        while self._waiting:
            if self._waiting[0].wants_slot():
                return self._waiting[0]
            self._waiting.popleft()
        return None
