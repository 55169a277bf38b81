"""Our connection to an MQTT broker: QoS 1 both ways, acknowledged when the work is done."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from greengrass_sim.backoff import Backoff
from greengrass_sim.errors import BrokerError
from greengrass_sim.mqtt.inbox import Inbox
from greengrass_sim.mqtt.outbox import Outbox
from greengrass_sim.mqtt.session import Session
from greengrass_sim.mqtt.wire import CONNECT_S, Wire
from greengrass_sim.receipt import Receipt
from greengrass_sim.topics import minimal_cover

# Called with topic, payload and, for QoS 1, the receipt whose release acknowledges the message.
MessageCallback = Callable[[str, bytes, Receipt | None], None]

FIRST_DELAY_S, LONGEST_DELAY_S = 0.1, 10.0
SHORT_LIFE_S = 5.0
EXPECT_S = 30.0


class RefusedError(ConnectionError):
    """The broker answered, and does not want us."""


class MqttLink:
    """Stays connected from `open` to `close`. Its methods belong to the event loop's thread."""

    def __init__(self, session: Session, on_message: MessageCallback) -> None:
        self.session = session
        self._on_message = on_message
        self._log = logging.getLogger(f"mqtt.{session.client_id}")
        self.filters = minimal_cover(session.filters)
        self._client: Any = session.make_client()
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_packet
        self._wire = Wire(self._client)
        self._inbox = Inbox(lambda mid: self._client.ack(mid, 1))
        self._outbox = Outbox(lambda topic, payload: int(self._client.publish(topic, payload, 1).mid))
        self._subscribed = False
        self._handshake: asyncio.Future[None] | None = None
        self._lost = asyncio.Event()
        self._expecting: asyncio.TimerHandle | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def open(self, wait_s: float) -> None:
        """Connects and subscribes; raises BrokerError when that did not happen within `wait_s` seconds."""
        url, deadline = self.session.url, time.monotonic() + wait_s
        backoff = Backoff(FIRST_DELAY_S, LONGEST_DELAY_S)
        while error := await self._connect():
            delay = backoff.next()
            if isinstance(error, RefusedError):
                raise BrokerError(
                    f"the broker at {url} refuses the client {self.session.client_id!r}: {error}"
                )
            if time.monotonic() + delay > deadline:
                raise BrokerError(
                    f"no MQTT broker answered at {url} within {wait_s:g} s: {error}; "
                    "start one there, or choose another with --broker"
                )
            self._log.info("no connection to %s yet: %s", url, error)
            await asyncio.sleep(delay)
        self._log.info("connected to %s", url)
        self._keeper = asyncio.get_running_loop().create_task(self._keep_connected())

    def publish(self, topic: str, payload: bytes, receipt: Receipt | None = None) -> None:
        """Sends with QoS 1, now or when there is a connection; holds the receipt until the broker has it."""
        self._outbox.put(topic, payload, receipt)

    async def close(self, wait_s: float = 2.0) -> None:
        """Disconnects after what was published has reached the broker, or after `wait_s` seconds."""
        await self._outbox.drain(wait_s)
        if self._keeper:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        self._client.on_disconnect = None
        self._set_down()
        self._wire.disconnect()

    @property
    def waiting(self) -> int:
        """How many published messages the broker does not have yet."""
        return len(self._outbox)

    async def _connect(self) -> Exception | None:
        """One attempt; gives the reason when it failed."""
        url = self.session.url
        self._handshake = asyncio.get_running_loop().create_future()
        try:
            await self._wire.connect(url.host, url.port, self.session.keepalive)
            await asyncio.wait_for(self._handshake, CONNECT_S)
        except TimeoutError:
            error: Exception = ConnectionError(f"it did not answer within {CONNECT_S:g} s")
        except OSError as caught:
            error = caught
        else:
            return None
        finally:
            self._handshake = None
        self._wire.drop()
        self._set_down()
        return error

    async def _keep_connected(self) -> None:
        backoff, short_lives = Backoff(FIRST_DELAY_S, LONGEST_DELAY_S), 0
        while True:
            since = time.monotonic()
            await self._lost.wait()
            lost = time.monotonic()
            short_lives += 1
            if lost - since > SHORT_LIFE_S:
                backoff.reset()
                short_lives = 0
            if short_lives == 3:
                self._log.warning("does another client use the id %r?", self.session.client_id)
            await asyncio.sleep(backoff.next())
            while error := await self._connect():
                self._log.warning("still no connection to %s: %s", self.session.url, error)
                await asyncio.sleep(backoff.next())
            away = time.monotonic() - lost
            self._log.warning("connected to %s again after %.1f s", self.session.url, away)

    def _set_down(self) -> None:
        self._outbox.is_open = False
        self._inbox.disconnected()
        if self._expecting is not None:
            self._expecting.cancel()

    def _on_connect(self, _client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._settle_handshake(RefusedError(str(reason)))
            return
        loop = asyncio.get_running_loop()
        self._lost.clear()
        self._outbox.is_open = True
        self._inbox.connected(flags.session_present)
        self._expecting = loop.call_later(EXPECT_S, self._inbox.stop_expecting)
        loop.call_soon(self._outbox.flush)  # after paho has sent again what was under way
        if self._subscribed and not flags.session_present:
            self._log.warning("%s has forgotten our session, and what it held for us", self.session.url)
        dropped = sorted(set(self.session.dropped) - set(self.filters))
        if dropped and flags.session_present and not self._subscribed:
            self._client.unsubscribe(dropped)
        if self.filters and not (flags.session_present and self._subscribed):
            self._client.subscribe([(one, 1) for one in self.filters])
        else:
            self._settle_handshake(None)

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        refused = [name for name, reason in zip(self.filters, reasons, strict=True) if reason.is_failure]
        self._subscribed = not refused
        error = (
            RefusedError(f"it does not allow the subscription to {', '.join(refused)}") if refused else None
        )
        self._settle_handshake(error)

    def _settle_handshake(self, error: Exception | None) -> None:
        if self._handshake is None or self._handshake.done():
            return
        if error is None:
            self._handshake.set_result(None)
        else:
            self._handshake.set_exception(error)

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._settle_handshake(ConnectionError(f"the connection was closed: {reason}"))
        if self._outbox.is_open and self._keeper is not None:
            self._log.warning("lost the connection to %s, reconnecting", self.session.url)
        self._set_down()
        self._lost.set()

    def _on_publish(self, _client: Any, _data: Any, mid: int, _reason: Any, _properties: Any) -> None:
        self._outbox.confirmed(mid)

    def _on_packet(self, _client: Any, _data: Any, message: Any) -> None:
        """An exception here would leave paho in the middle of a packet, so none gets out."""
        try:
            self._receive(message)
        except Exception:  # noqa: BLE001 - logged with its traceback
            self._log.exception("a message could not be taken")

    def _receive(self, message: Any) -> None:
        topic, payload = message.topic, bytes(message.payload)
        if message.qos == 0:
            self._on_message(topic, payload, None)
            return
        delivery = self._inbox.receive(message.mid, topic, payload, message.dup)
        if delivery is None:
            self._log.debug("a message on %r came again, it is here already", topic)
            return
        receipt = Receipt(lambda: self._inbox.finish(delivery))
        try:
            self._on_message(topic, payload, receipt)
        except Exception:
            receipt.release()
            raise
