"""What waits to be published with QoS 1, or to be confirmed by the broker."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from greengrass_sim.receipt import Receipt

MAX_IN_FLIGHT = 100  # what a broken connection may make the broker see twice


class Outbox:
    """Sends in order, as much as may be in flight, while `is_open`; `send` gives the id of the packet.

    What was sent before a connection broke is sent again by the client itself.
    """

    def __init__(self, send: Callable[[str, bytes], int]) -> None:
        self.is_open = False
        self._send = send
        self._waiting: deque[tuple[str, bytes, Receipt | None]] = deque()
        self._unconfirmed: dict[int, Receipt | None] = {}
        self._drained = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._unconfirmed)

    def put(self, topic: str, payload: bytes, receipt: Receipt | None) -> None:
        """Holds the receipt until the message is confirmed."""
        self._waiting.append((topic, payload, receipt.hold() if receipt else None))
        self.flush()

    def flush(self) -> None:
        while self.is_open and self._waiting and len(self._unconfirmed) < MAX_IN_FLIGHT:
            topic, payload, receipt = self._waiting.popleft()
            self._unconfirmed[self._send(topic, payload)] = receipt

    def confirmed(self, mid: int) -> None:
        """The broker has the packet."""
        if receipt := self._unconfirmed.pop(mid, None):
            receipt.release()
        self.flush()
        if not self:
            self._drained.set()

    async def drain(self, wait_s: float) -> None:
        """Returns when all is confirmed, or after `wait_s` seconds."""
        if self.is_open and self:
            self._drained.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._drained.wait(), wait_s)
