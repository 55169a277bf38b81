"""How many requests a thing's shadows take."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from greengrass_sim.shadow.errors import too_many

_WINDOW_S = 1.0
_REMEMBERED_THINGS = 1024


@dataclass(frozen=True)
class ShadowLimits:
    """AWS IoT's own; `max_bytes` counts the state without metadata, as compact JSON in UTF-8."""

    per_second: int = 20
    in_flight: int = 10
    max_bytes: int = 8192


class Throttle:
    """Counts the requests of each thing, by a clock in seconds that never goes back."""

    def __init__(self, limits: ShadowLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._flying: Counter[str] = Counter()
        self._recent: dict[str, deque[float]] = {}

    @contextmanager
    def request(self, thing: str) -> Iterator[None]:
        """Around one request; raises ShadowRejected (429) where the thing has too many."""
        self._count(thing)
        if self._flying[thing] >= self._limits.in_flight:
            raise too_many()
        self._flying[thing] += 1
        try:
            yield
        finally:
            self._flying[thing] -= 1
            if not self._flying[thing]:
                del self._flying[thing]

    def _count(self, thing: str) -> None:
        now = self._clock()
        if thing not in self._recent and len(self._recent) >= _REMEMBERED_THINGS:
            self._forget(now)
        times = self._recent.setdefault(thing, deque())
        while times and times[0] <= now - _WINDOW_S:
            times.popleft()
        if len(times) >= self._limits.per_second:
            raise too_many()
        times.append(now)

    def _forget(self, now: float) -> None:
        self._recent = {
            thing: times for thing, times in self._recent.items() if times and times[-1] > now - _WINDOW_S
        }
