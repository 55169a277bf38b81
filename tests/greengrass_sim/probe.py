"""A plain MQTT client for the tests: paho with its own thread, every received message in a queue."""

from __future__ import annotations

import queue
import time
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from greengrass_sim.mqtt.release import release
from tests.waiting import BUSY_S


class Probe:
    def __init__(self, port: int, client_id: str = "", **options: Any) -> None:
        clean, will = options.pop("clean", True), options.pop("will", None)
        tls = options.pop("tls", None)
        self.wait = options.pop("wait", BUSY_S)
        self.protocol = options.pop("protocol", MQTTProtocolVersion.MQTTv311)
        clean_session = None if self.protocol == MQTTProtocolVersion.MQTTv5 else clean
        self.client: Any = Client(
            CallbackAPIVersion.VERSION2, client_id, clean_session, protocol=self.protocol, **options
        )
        self.client.max_inflight_messages_set(0)
        self.messages: queue.Queue[MQTTMessage] = queue.Queue()
        self.connected: queue.Queue[tuple[bool, Any]] = queue.Queue()
        self.ended: queue.Queue[Any] = queue.Queue()
        self._acknowledged: queue.Queue[Any] = queue.Queue()
        self.client.on_message = lambda *given: self.messages.put(given[2])
        self.client.on_connect = lambda *given: self.connected.put((given[2].session_present, given[3]))
        self.client.on_disconnect = lambda *given: self.ended.put(given[3])
        self.client.on_subscribe = lambda *given: self._acknowledged.put(given[3])
        self.client.on_unsubscribe = self.client.on_subscribe
        if will:
            self.client.will_set(*will)
        if tls:
            self.client.tls_set_context(tls)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.session_present, self.reason = self.connected.get(timeout=self.wait)

    def subscribe(self, topic_filter: str, qos: int = 1) -> list[Any]:
        self.client.subscribe(topic_filter, qos)
        return list(self._acknowledged.get(timeout=self.wait))

    def unsubscribe(self, topic_filter: str) -> None:
        self.client.unsubscribe(topic_filter)
        self._acknowledged.get(timeout=self.wait)

    def publish(self, topic: str, payload: bytes | str = b"", qos: int = 1, retain: bool = False) -> None:
        """Returns when the broker has the message (QoS 1) or when it was sent (QoS 0)."""
        self.client.publish(topic, payload, qos, retain).wait_for_publish(BUSY_S)

    def publish_all(self, topic: str, payloads: list[bytes], qos: int = 1) -> None:
        sent = [self.client.publish(topic, payload, qos) for payload in payloads]
        for one in sent:
            one.wait_for_publish(BUSY_S)

    def take(self, timeout: float = BUSY_S) -> MQTTMessage:
        return self.messages.get(timeout=timeout)

    def take_payloads(self, count: int, timeout: float = BUSY_S) -> list[bytes]:
        deadline = time.monotonic() + timeout
        return [bytes(self.take(deadline - time.monotonic()).payload) for _ in range(count)]

    def nothing_more(self, seconds: float = 0.2) -> bool:
        try:
            self.messages.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def drop(self) -> None:
        """Goes away without a word: the connection breaks, no DISCONNECT is sent."""
        self.client.loop_stop()
        socket = self.client.socket()
        if socket:
            socket.close()
        release(self.client)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        release(self.client)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
