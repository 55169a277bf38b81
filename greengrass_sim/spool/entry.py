"""A message on its way to the broker."""

from __future__ import annotations

from dataclasses import dataclass

from greengrass_sim.receipt import Receipt


@dataclass(eq=False, slots=True)
class Entry:
    """`receipt` belongs to the request that waits for this message.

    `sent` tells whether it is on its way to the broker, `written` whether the file has it.
    """

    number: int
    topic: str
    payload: bytes
    receipt: Receipt | None = None
    sent: bool = False
    written: bool = False

    @property
    def size(self) -> int:
        return len(self.topic) + len(self.payload)
