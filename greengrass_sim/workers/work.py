"""One event on its way through a function."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from greengrass_sim.exchange import Message
from greengrass_sim.invocation import FunctionError, Invocation, Reply
from greengrass_sim.receipt import Receipt

Published = tuple[str, int]
Context = tuple[Any, Mapping[str, Any], Any]

MAX_ATTEMPTS = 3


@dataclass(eq=False, slots=True)
class Work:
    """`context` is the client context: client, custom (where the topic stands as `subject`) and env.

    `receipt` is held until the work is settled; `reply` gets the outcome where somebody waits for it.

    When a worker dies over an event, the event is handled again. What the handler published before it died is
    remembered, so that a handler which does the same again publishes nothing twice.
    """

    context: Context | None
    payload: bytes
    receipt: Receipt | None = None
    reply: asyncio.Future[Outcome] | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    attempts: int = 0
    max_attempts: int = MAX_ATTEMPTS
    published: list[Published] = field(default_factory=list)
    _before: Counter[Published] | None = None

    @property
    def subject(self) -> str:
        """The topic of the event; empty when another function called without one."""
        return str(self.context[1].get("subject", "")) if self.context else ""

    @property
    def abandoned(self) -> bool:
        """Whether the one who called does not wait any more."""
        return self.reply is not None and self.reply.cancelled()

    @classmethod
    def of_message(cls, message: Message) -> Work:
        """What a subscription brings."""
        receipt = message.receipt.hold() if message.receipt else None
        return cls((None, {"subject": message.topic}, {}), message.payload, receipt)

    @classmethod
    def of_call(cls, invocation: Invocation) -> Work:
        """A caller who waits sees a crash, instead of another attempt."""
        receipt = invocation.receipt.hold() if invocation.receipt else None
        attempts = 1 if invocation.wait else MAX_ATTEMPTS
        return cls(invocation.context, invocation.payload, receipt, max_attempts=attempts)

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

    def drop(self) -> None:
        """Nobody handles the event, and nobody waits for it."""
        if self.receipt is not None:
            self.receipt.release()

    def settle(self, outcome: Outcome) -> None:
        """The function has done with the event, or has given it up."""
        if self.reply is not None and not self.reply.done():
            self.reply.set_result(outcome)
        self.drop()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a handler returned (as JSON or bytes), or the error that ended it.

    `kind` is the class of an exception of the handler's; empty for what the core found (timeout, crash).
    """

    returned: bytes = b""
    error: str | None = None
    trace: str = ""
    kind: str = ""

    @classmethod
    def of(cls, header: dict[str, Any], payload: bytes) -> Outcome:
        """The outcome that a RESULT frame tells."""
        return cls(payload, header.get("error"), header.get("trace", ""), header.get("type", ""))

    @property
    def reply(self) -> Reply:
        """For the one who called: Handled is an exception of the handler, Unhandled what ended the worker."""
        if self.error is None:
            return Reply(self.returned)
        body: dict[str, Any] = {"errorMessage": self.error.removeprefix(f"{self.kind}: ")}
        if not self.kind:
            return Reply(json.dumps(body).encode(), FunctionError.UNHANDLED)
        body |= {"errorType": self.kind, "stackTrace": self.trace.splitlines()}
        return Reply(json.dumps(body).encode(), FunctionError.HANDLED)
