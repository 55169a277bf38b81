"""Counting what still depends on a request, so that it is acknowledged only when nothing does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self


class Receipt:
    """Starts with one hold; when the last hold is released, `settle` is called, once.

    A handler's work holds the receipt of the request that caused it, and so does everything that the handler
    publishes, until the broker has it or the next handler has finished with it.
    """

    __slots__ = ("_holds", "_settle")

    def __init__(self, settle: Callable[[], None]) -> None:
        self._settle = settle
        self._holds = 1

    def hold(self) -> Self:
        self._holds += 1
        return self

    def release(self) -> None:
        self._holds -= 1
        if self._holds == 0:
            self._settle()
