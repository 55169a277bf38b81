"""A client that sends numbered QoS 1 requests, a number of them under way, and counts the answers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from greengrass_sim.broker.url import BrokerUrl
from greengrass_sim.mqtt.release import release
from greengrass_sim.mqtt.wire import confirm_at_once, send_at_once

GIVE_UP_S = 20.0
BEHIND_S = 0.3


@dataclass(frozen=True)
class Answered:
    """How many requests were sent, and how many of their answers are missing or came once more; seconds."""

    requests: int
    lost: int
    doubled: int
    took: float

    @property
    def rate(self) -> float:
        return (self.requests - self.lost) / self.took


def subscribe(client: Any, url: str, topic: str) -> None:
    """Connects and subscribes; like the simulator's, these connections do not wait for fuller packets."""
    parts = BrokerUrl.parse(url)
    client.max_inflight_messages_set(0)
    client.on_publish = lambda *given: confirm_at_once(given[0].socket())
    client.connect(parts.host, parts.port)
    send_at_once(client.socket())
    client.subscribe(topic, 1)


class Caller:
    """Asks `KIND/request/load` and listens to `KIND/answer/load`; paho runs in this thread."""

    def __init__(self, url: str, kind: str) -> None:
        self._topic = f"{kind}/request/load"
        self._client: Any = Client(CallbackAPIVersion.VERSION2, f"caller-{kind}")
        self._client.on_message = self._on_answer
        self._client.on_subscribe = self._on_subscribe
        self._subscribed = False
        self._answers: Counter[bytes] = Counter()
        self._left: Iterator[int] = iter(())
        self._sent = 0
        self._sent_at = 0.0
        self.times: list[float] = []
        subscribe(self._client, url, f"{kind}/answer/load")
        self._loop_until(lambda: self._subscribed)
        if not self._subscribed:
            raise SystemExit(f"the broker at {url} does not let us subscribe")

    def run(self, numbers: Iterator[int], under_way: int) -> Answered:
        """Returns when all requests are answered, or none was for GIVE_UP_S.

        `times` gets the seconds from the last request sent to each answer: right with one under way.
        """
        self._answers, self._left, self._sent, self.times = Counter(), numbers, 0, []
        started = time.perf_counter()
        for _ in range(under_way):
            self._send_next()
        self._loop_until(lambda: len(self._answers) >= self._sent)
        took = time.perf_counter() - started
        deadline = time.perf_counter() + BEHIND_S
        while time.perf_counter() < deadline:  # for what comes twice
            self._client.loop(0.05)
        lost, total = self._sent - len(self._answers), self._answers.total()
        return Answered(self._sent, lost, total - len(self._answers), took)

    def close(self) -> None:
        self._client.disconnect()
        release(self._client)

    def _loop_until(self, done: Callable[[], bool]) -> None:
        seen, deadline = -1, 0.0
        while not done():
            count = self._answers.total()
            if count != seen:
                seen, deadline = count, time.perf_counter() + GIVE_UP_S
            if time.perf_counter() > deadline:
                return
            self._client.loop(1.0)

    def _send_next(self) -> None:
        number = next(self._left, None)
        if number is not None:
            self._sent += 1
            self._sent_at = time.perf_counter()
            self._client.publish(self._topic, b"%d" % number, 1)

    def _on_subscribe(self, *_: object) -> None:
        self._subscribed = True

    def _on_answer(self, _client: object, _data: object, message: Any) -> None:
        self.times.append(time.perf_counter() - self._sent_at)
        confirm_at_once(self._client.socket())
        self._answers[message.payload] += 1
        self._send_next()
