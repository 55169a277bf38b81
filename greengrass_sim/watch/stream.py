"""What happens in the core, step by step, for those who watch.

An event is a dict for JSON: `event` names its kind, `at` is the time in seconds since 1970, and

    message   number, source, topic, payload; subscriptions (their ids), targets, parent (the id of the event
              whose handler published it); refused (why it goes nowhere)
    dropped   message (its number), target, reason
    queued    work (the id of the event for the handler), function (ARN), message or caller
    started   work, function, attempt
    finished  work, function, error (null when it went well)
    done      message, target: the broker has it, or the function has finished with all that came of it
    worker    function, state ("ready", "failed", "ended"), reason
    log       level, name, text
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from greengrass_sim.receipt import Receipt

if TYPE_CHECKING:
    from greengrass_sim.exchange import Message

Event = dict[str, Any]
Sink = Callable[[Event], None]


class Watch:
    """Ask `active` before telling anything: while nobody watches, that question is all that it costs."""

    def __init__(self) -> None:
        self.active = False
        self._sinks: list[Sink] = []
        self._numbers = count(1)

    def attach(self, sink: Sink) -> None:
        """From now on `sink` is called with every event; it must not block, change it or raise."""
        self._sinks.append(sink)
        self.active = True

    def detach(self, sink: Sink) -> None:
        """`sink` is called no more."""
        self._sinks.remove(sink)
        self.active = bool(self._sinks)

    def tell(self, event: str, **details: Any) -> None:
        """Gives the event to all sinks."""
        told = {"event": event, "at": time.time(), **details}
        for sink in tuple(self._sinks):
            sink(told)

    def numbered(
        self, message: Message, subscriptions: list[str], targets: list[str], refused: str | None = None
    ) -> Message:
        """Tells that the message was published, and gives it with a number by which it can be followed."""
        numbered = replace(message, number=next(self._numbers))
        self.tell(
            "message",
            number=numbered.number,
            source=message.source,
            topic=message.topic,
            **as_text(message.payload),
            subscriptions=subscriptions,
            targets=targets,
            parent=message.parent,
            refused=refused,
        )
        return numbered

    def followed(self, message: Message, target: str) -> tuple[Message, Receipt]:
        """The message with a receipt that tells when `target` is done with it; to be released once given."""
        behind = message.receipt.hold() if message.receipt else None

        def settle() -> None:
            self.tell("done", message=message.number, target=target)
            if behind is not None:
                behind.release()

        receipt = Receipt(settle)
        return replace(message, receipt=receipt), receipt


def as_text(payload: bytes) -> dict[str, str]:
    """The payload as JSON can hold it: `payload`, or `payload_base64` where it is no text."""
    try:
        return {"payload": payload.decode()}
    except UnicodeDecodeError:
        return {"payload_base64": base64.b64encode(payload).decode()}


def from_text(event: Event) -> bytes:
    """The payload that `as_text` wrote; ValueError where there is none."""
    if isinstance(event.get("payload"), str):
        return str(event["payload"]).encode()
    return base64.b64decode(event["payload_base64"], validate=True) if "payload_base64" in event else b""
