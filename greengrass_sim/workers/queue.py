"""The events that wait for a worker."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from greengrass_sim.workers.work import Work

MAX_WORK_ITEMS = 1024


@dataclass(eq=False)
class WorkItems:
    """How many events wait in the whole core, and how many may (`maxWorkItemCount` of a core's settings)."""

    limit: int = MAX_WORK_ITEMS
    waiting: int = 0


class WorkQueue:
    """The queue of one function, counted in `items`; first in, first out."""

    def __init__(self, items: WorkItems) -> None:
        self._items = items
        self._queue: deque[Work] = deque()

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def full(self) -> bool:
        """Whether the core takes no more; what would be sent again otherwise is taken all the same."""
        return self._items.waiting >= self._items.limit

    def append(self, work: Work) -> None:
        self._items.waiting += 1
        self._queue.append(work)

    def put_back(self, works: Iterable[Work]) -> None:
        """They come first again, in their order."""
        for work in reversed(list(works)):
            self._items.waiting += 1
            self._queue.appendleft(work)

    def take(self) -> Work | None:
        """The next that somebody still wants; None when there is none."""
        while self._queue:
            self._items.waiting -= 1
            work = self._queue.popleft()
            if not work.abandoned:
                return work
            work.drop()
        return None

    def clear(self) -> None:
        """Nobody will handle them now; their receipts stay held, so that the broker sends them again."""
        self._items.waiting -= len(self._queue)
        self._queue.clear()
