"""A client that stays: it asks, reconnects when the broker comes back, and counts the answers."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from greengrass_sim.broker.url import BrokerUrl
from greengrass_sim.mqtt.release import release
from greengrass_sim.mqtt.wire import confirm_at_once

_CLOSE_S = 1.0


class Asker:
    """Sends `requests` numbered requests on `KIND/request/load`, `under_way` at a time, in paho's thread."""

    def __init__(self, url: str, kind: str, requests: int, under_way: int) -> None:
        self._topic = f"{kind}/request/load"
        self._numbers = iter(range(requests))
        self._under_way = under_way
        self._answers: Counter[bytes] = Counter()
        self._changed = threading.Condition()
        self._awaited = requests
        self.marked = 0
        self._client: Any = Client(CallbackAPIVersion.VERSION2, f"asker-{kind}", clean_session=False)
        self._client.max_inflight_messages_set(0)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda *_: self._client.subscribe(f"{kind}/answer/load", 1)
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_answer
        parts = BrokerUrl.parse(url)
        self._client.connect(parts.host, parts.port)
        self._client.loop_start()

    @property
    def answered(self) -> int:
        return len(self._answers)

    @property
    def doubled(self) -> int:
        return self._answers.total() - len(self._answers)

    def wait_for(self, count: int, patience_s: float) -> None:
        """Returns when `count` requests are answered, or none was for `patience_s` seconds."""
        with self._changed:
            self._awaited, seen = count, -1
            while seen < self.answered < count:
                seen = self.answered
                self._changed.wait_for(lambda: self.answered >= count, patience_s)

    def close(self) -> None:
        """Listens a moment longer, for what comes twice."""
        with self._changed:
            self._changed.wait_for(lambda: False, _CLOSE_S)
        self._client.disconnect()
        self._client.loop_stop()
        release(self._client)

    def _on_subscribe(self, *_: object) -> None:
        """At the first time; after a reconnect paho has sent again what was under way."""
        count, self._under_way = self._under_way, 0
        for _turn in range(count):
            self._ask()

    def _ask(self) -> None:
        number = next(self._numbers, None)
        if number is not None:
            self._client.publish(self._topic, b"%d" % number, 1)

    def _on_answer(self, _client: object, _data: object, message: Any) -> None:
        confirm_at_once(self._client.socket())
        with self._changed:
            is_new = message.payload not in self._answers
            self._answers[message.payload] += 1
            self.marked += message.dup
            if self.answered >= self._awaited:
                self._changed.notify_all()
        if is_new:
            self._ask()
