"""Growing delays between attempts."""

from __future__ import annotations


class Backoff:
    """`next()` gives `first` seconds, then twice as many each time, at most `longest`."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._delay = first

    def next(self) -> float:
        delay = self._delay
        self._delay = min(2 * delay, self._longest)
        return delay

    def reset(self) -> None:
        self._delay = self._first
