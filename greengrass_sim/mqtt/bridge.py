"""Between the exchange and the broker, which stands for the cloud and for all devices."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from greengrass_sim.exchange import Exchange, Message
from greengrass_sim.group import Group
from greengrass_sim.mqtt.link import MqttLink
from greengrass_sim.mqtt.session import Session
from greengrass_sim.receipt import Receipt


class Bridge:
    """Every target has a broker session of its own to receive by, so that one that is slow or broken holds up
    neither the messages nor the acknowledgements of another. All publish by one session more: a broker may
    stop answering a client that has much unacknowledged (iotcore does), and we acknowledge a request only
    when what its handler published has been answered.

    MQTT does not tell who published, so a message from the broker counts as sent by any of those behind it.
    `session` is the one to publish by; the others are named after it.
    """

    def __init__(self, group: Group, exchange: Exchange, session: Session, wait_s: float) -> None:
        self._sides = group.mqtt_side
        self._names = {one.function_arn: one.id for one in group.functions}
        self._exchange = exchange
        self._session = session
        self._wait_s = wait_s
        self._log = logging.getLogger("bridge")
        self._uplink = MqttLink(session, self._nothing_subscribed)
        self._links: list[MqttLink] = []
        for side in self._sides:
            exchange.attach(side, self)

    async def open(self) -> None:
        """Connects to publish; raises BrokerError when the broker is away."""
        await self._uplink.open(self._wait_s)

    async def subscribe(self) -> None:
        """Opens a session for each target in the core that a subscription leads to from behind the broker."""
        router = self._exchange.router
        for target in self._exchange.names - self._sides:
            if filters := [one for side in self._sides for one in router.filters(side, target)]:
                session = self._session.named(self._names.get(target, target), filters)
                self._links.append(MqttLink(session, partial(self._from_broker, target)))
                await self._links[-1].open(self._wait_s)

    async def close(self) -> None:
        """Publishes what is left, then disconnects; what is not acknowledged stays with the broker."""
        await self._uplink.close()
        await asyncio.gather(*(link.close() for link in self._links))
        self._links.clear()

    def has_room(self, _message: Message) -> bool:
        return True

    def deliver(self, message: Message) -> None:
        self._uplink.publish(message.topic, message.payload, message.receipt)

    def _from_broker(self, name: str, topic: str, payload: bytes, receipt: Receipt | None) -> None:
        """A message that arrived in the session of the target `name`."""
        if source := self._source(name, topic):
            self._exchange.hand_over(name, Message(source, topic, payload, receipt))
        else:
            self._log.info("Discarding message. No subscription leads from here along %s to %s", topic, name)
        if receipt is not None:
            receipt.release()

    def _source(self, target: str, topic: str) -> str | None:
        router = self._exchange.router
        return next((side for side in self._sides if target in router.targets(side, topic)), None)

    def _nothing_subscribed(self, topic: str, _payload: bytes, receipt: Receipt | None) -> None:
        """A session of an older group may hold subscriptions that nobody has now."""
        self._log.info("Discarding message on %s, nothing is subscribed to it here", topic)
        if receipt is not None:
            receipt.release()
