"""The worker's end of its connection to the core; the SDK publishes through `current()`."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Lock
from typing import Any

from greengrass_sim.runtime.ipc import Decoder, Frame, Kind, encode
from greengrass_sim.topics import matches, name_problem

_RECEIVE_BYTES = 1 << 18
_current: Link | None = None


class PublishRefused(Exception):
    """The core would not deliver the message; the text says why."""


class Link:
    """Sends and receives frames; sending is safe from every thread of the handler."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = Lock()
        self._allowed: dict[str, bool] = {}
        self.filters: list[str] = []
        self.arn = ""
        self.invocation: str | None = None

    def frames(self) -> Iterator[Frame]:
        """The core's frames until it closes the connection."""
        decoder = Decoder()
        while data := self._connection.recv(_RECEIVE_BYTES):
            yield from decoder.feed(data)

    def send(self, kind: Kind, header: dict[str, Any], payload: bytes = b"") -> None:
        frame = encode(kind, header, payload)
        with self._lock:
            self._connection.sendall(frame)

    def publish(self, topic: str, payload: bytes) -> None:
        """Hands a message to the core; raises PublishRefused where no subscription leads from this function.

        The subscriptions are known here, so that nothing waits for an answer of the core.
        """
        if reason := self._refusal(topic):
            self.send(Kind.REFUSED, {"topic": topic, "reason": reason})
            raise PublishRefused(reason)
        self.send(Kind.PUBLISH, {"topic": topic, "id": self.invocation}, payload)

    def _refusal(self, topic: str) -> str | None:
        allowed = self._allowed.get(topic)
        if allowed:
            return None
        if problem := name_problem(topic):
            return f"{topic!r} is no topic to publish to: {problem}"
        if any(matches(one, topic) for one in self.filters):
            if len(self._allowed) < 4096:
                self._allowed[topic] = True
            return None
        return f"No subscription exists for the source {self.arn} and subject {topic}"


def current() -> Link:
    """The link of this worker; RuntimeError outside of one."""
    if _current is None:
        raise RuntimeError(
            "greengrasssdk works inside a worker of greengrass-sim: start the function with "
            "`greengrass-sim start` or `greengrass-sim invoke`"
        )
    return _current


def connect(connection: socket.socket) -> Link:
    """Makes the link over `connection` the one that `current` gives."""
    global _current  # noqa: PLW0603 - a worker has one link, and the SDK's interface has no place to pass it
    _current = Link(connection)
    return _current
