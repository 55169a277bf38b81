"""What a test has received and not looked at yet."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from threading import Condition
from typing import Any

from greengrass_sim.topics import filter_problem, matches


@dataclass(frozen=True)
class Received:
    """A message as it came from the broker."""

    topic: str
    payload: bytes

    @property
    def text(self) -> str:
        """The payload as UTF-8."""
        return self.payload.decode()

    def json(self) -> Any:
        """The payload as JSON; ValueError where it is none."""
        return json.loads(self.payload)


class Mailbox:
    """Messages in their order; one thread puts, others take."""

    def __init__(self) -> None:
        self._waiting: list[Received] = []
        self._changed = Condition()

    def put(self, message: Received) -> None:
        with self._changed:
            self._waiting.append(message)
            self._changed.notify_all()

    def take(self, topic_filter: str, seconds: float) -> Received | None:
        """The first message under the filter, which is gone then; None where none comes in time."""
        if problem := filter_problem(topic_filter):
            raise ValueError(f"{topic_filter!r} is no topic filter: {problem}")
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                for number, message in enumerate(self._waiting):
                    if topic_filter == "#" or matches(topic_filter, message.topic):
                        return self._waiting.pop(number)
                if not self._changed.wait(deadline - time.monotonic()):
                    return None

    @property
    def topics(self) -> list[str]:
        """Those of the messages that nobody has taken."""
        with self._changed:
            return [message.topic for message in self._waiting]
