"""One event on its way through a function."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from greengrass_sim.receipt import Receipt

Published = tuple[str, int]


@dataclass(eq=False, slots=True)
class Work:
    """`custom` is the part of the client context in which the topic stands as `subject`; `receipt` is held
    until the work is settled; `reply` gets the outcome where somebody waits for it.

    When a worker dies over an event, the event is handled again. What the handler published before it died is
    remembered, so that a handler which does the same again publishes nothing twice.
    """

    custom: Mapping[str, Any]
    payload: bytes
    receipt: Receipt | None = None
    reply: asyncio.Future[Outcome] | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    attempts: int = 0
    published: list[Published] = field(default_factory=list)
    _before: Counter[Published] | None = None

    @property
    def subject(self) -> str:
        """The topic of the event; empty when another function called without one."""
        return str(self.custom.get("subject", ""))

    def again(self) -> None:
        """Starts another attempt."""
        self._before = Counter(self.published)

    def is_repetition(self, topic: str, payload: bytes) -> bool:
        """Whether an earlier attempt published this already; notes it when not."""
        key = (topic, hash(payload))
        if self._before and self._before[key] > 0:
            self._before[key] -= 1
            return True
        self.published.append(key)
        return False

    def settle(self, outcome: Outcome) -> None:
        """The function has done with the event, or has given it up."""
        if self.reply is not None and not self.reply.done():
            self.reply.set_result(outcome)
        if self.receipt is not None:
            self.receipt.release()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a handler returned (as JSON or bytes), or the error that ended it."""

    returned: bytes = b""
    error: str | None = None
    trace: str = ""

    @classmethod
    def of(cls, header: dict[str, Any], payload: bytes) -> Outcome:
        """The outcome that a RESULT frame tells."""
        return cls(payload, header.get("error"), header.get("trace", ""))
