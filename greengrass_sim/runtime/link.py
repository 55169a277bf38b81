"""The worker's end of its connection to the core; the SDK publishes and calls through `current()`."""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from threading import Condition, Lock
from typing import Any, TypeVar

from greengrass_sim.runtime.ipc import Decoder, Frame, Kind, encode
from greengrass_sim.topics import matches, name_problem

ROUTER_ARN = "arn:aws:lambda:::function:GGRouter"
# What AWS IoT allows in any case, see `greengrass_sim.limits`; a core may allow more.
SURE_PAYLOAD, SURE_TOPIC, SURE_SLASHES = 128 * 1024, 256, 7
_RECEIVE_BYTES = 1 << 18
_current: Link | None = None

T = TypeVar("T")


class CallRefused(Exception):
    """The core took neither the message nor the call; `status` is what HTTP would tell, `reason` says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Link:
    """Sends and receives frames, safe from every thread of the handler.

    There is no thread that only receives: whoever waits for a frame receives, and hands to the others what is
    theirs. So an event reaches the main thread without a change of threads.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._process = os.getpid()
        self._sending = Lock()
        self._changed = Condition(Lock())
        self._receiving = self._closed = False
        self._decoder = Decoder()
        self._events: deque[Frame] = deque()
        self._answers: dict[int, Frame] = {}
        self._numbers = count(1)
        self._allowed: dict[str, bool] = {}
        self.filters: list[str] = []
        self.arn = ""
        self.invocation: str | None = None

    @property
    def is_ours(self) -> bool:
        """False in a process that the handler has forked: it must keep out of our stream."""
        return os.getpid() == self._process

    def frames(self) -> Iterator[Frame]:
        """The core's START and INVOKE frames until it sends END, or has gone."""
        while True:
            frame = self._receive(lambda: self._events.popleft() if self._events else None)
            if frame is None or frame.kind is Kind.END:
                return
            yield frame

    def send(self, kind: Kind, header: dict[str, Any], payload: bytes = b"") -> None:
        frame = encode(kind, header, payload)
        with self._sending:
            self._connection.sendall(frame)

    def publish(self, topic: str, payload: bytes) -> None:
        """Hands a message to the core; raises CallRefused where no subscription leads from this function.

        The subscriptions are known here, so that nothing waits for an answer of the core.
        """
        reason = self._refusal(topic)
        if reason:
            self.send(Kind.REFUSED, {"topic": topic, "reason": reason})
            raise CallRefused(400, reason)
        self.send(Kind.PUBLISH, {"topic": topic, "id": self.invocation}, payload)

    def begin_call(self, arn: str, payload: bytes, context: str, wait: bool) -> int:
        """Calls a function or service, `context` in base64; `end_call` of the number gives the answer."""
        number = next(self._numbers)
        header = {"call": number, "arn": arn, "context": context, "wait": wait, "id": self.invocation}
        self.send(Kind.CALL, header, payload)
        return number

    def end_call(self, number: int) -> tuple[str, bytes]:
        """The FunctionError (empty for none) and the payload; raises CallRefused when it was not taken."""
        frame = self._receive(lambda: self._answers.pop(number, None))
        if frame is None:
            raise CallRefused(503, "the core has gone")
        if "status" in frame.header:
            raise CallRefused(frame.header["status"], frame.header["reason"])
        return frame.header["error"], frame.payload

    def _receive(self, take: Callable[[], T | None]) -> T | None:
        """What `take` finds among the received frames, as soon as it does; None when the core has gone."""
        with self._changed:
            while True:
                found = take()
                if found is not None or self._closed:
                    return found
                if self._receiving:
                    self._changed.wait()
                    continue
                self._receiving = True
                self._changed.release()
                try:
                    data = self._connection.recv(_RECEIVE_BYTES)
                except OSError:
                    data = b""
                finally:
                    self._changed.acquire()
                    self._receiving = False
                self._closed = not data
                for frame in self._decoder.feed(data):
                    if frame.kind is Kind.ANSWER:
                        self._answers[frame.header["call"]] = frame
                    else:
                        self._events.append(frame)
                self._changed.notify_all()

    def _refusal(self, topic: str) -> str | None:
        if self._allowed.get(topic):
            return None
        problem = name_problem(topic)
        if problem:
            return f"{topic!r} is no topic to publish to: {problem}"
        if any(matches(one, topic) for one in self.filters):
            if len(self._allowed) < 4096:
                self._allowed[topic] = True
            return None
        return f"No subscription exists for the source {self.arn} and subject {topic}"


def is_within_limits(topic: str, payload: bytes) -> bool:
    """Whether the message is of a size that no core refuses; beyond that the core has to be asked."""
    if len(payload) > SURE_PAYLOAD or topic.count("/") > SURE_SLASHES:
        return False
    return len(topic) <= SURE_TOPIC // 4 or len(topic.encode("utf-8", "surrogatepass")) <= SURE_TOPIC


def current() -> Link | None:
    """The link of this worker's own process; None anywhere else."""
    return _current if _current is not None and _current.is_ours else None


def connect(connection: socket.socket) -> Link:
    """Makes the link over `connection` the one that `current` gives."""
    global _current  # noqa: PLW0603 - a worker has one link, and the SDK's interface has no place to pass it
    _current = Link(connection)
    return _current
