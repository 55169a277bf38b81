"""Between the exchange and the broker, which stands for the cloud and for all devices."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from greengrass_sim.exchange import Exchange, Message
from greengrass_sim.group import Group
from greengrass_sim.group.model import CLOUD
from greengrass_sim.limits import Limits
from greengrass_sim.mqtt.link import MqttLink
from greengrass_sim.mqtt.outbox import MAX_IN_FLIGHT
from greengrass_sim.mqtt.outlet import Outlet, discard
from greengrass_sim.mqtt.session import Session
from greengrass_sim.receipt import Receipt
from greengrass_sim.spool.spooler import DEFAULT_BYTES, SpoolOptions

DEVICES = "devices"


@dataclass(frozen=True)
class BridgeOptions:
    """How long to wait for the broker in seconds, what it may carry, and what is kept while it is away.

    Messages to the cloud are kept in the file `spool`, or in memory; `spool_bytes` bounds either.
    """

    wait_s: float = 10.0
    limits: Limits = field(default_factory=Limits)
    spool: Path | None = None
    spool_bytes: int = DEFAULT_BYTES


class Bridge:
    """Every target has a broker session of its own to receive by, so that one that is slow or broken holds up
    neither the messages nor the acknowledgements of another. Messages to the cloud and messages to devices
    leave by a session more each: a broker may stop answering a client that has much unacknowledged (iotcore
    does), and we acknowledge a request only when what its handler published has been answered.

    MQTT does not tell who published, so a message from the broker counts as sent by any of those behind it;
    and one that goes to the cloud and to devices is published once, as one to the cloud. `session` is the one
    that publishes to the cloud; the others are named after it.
    """

    def __init__(self, group: Group, exchange: Exchange, session: Session, options: BridgeOptions) -> None:
        self._sides = group.mqtt_side
        self._names = {one.function_arn: one.id for one in group.functions}
        self._exchange = exchange
        self._session = session
        self._options = options
        self._log = logging.getLogger("bridge")
        self._watch = exchange.watch
        self._outlets = self._make_outlets({row.target for row in group.subscriptions} & self._sides)
        self._links: list[MqttLink] = []
        self.sessions: dict[str, tuple[str, ...]] = {}  # that receive, by client id: their filters
        for side in self._sides:
            exchange.attach(side, self, options.limits)

    async def open(self) -> None:
        """Connects to publish; raises BrokerError when the broker is away."""
        for outlet in self._outlets.values():
            await outlet.open(self._options.wait_s)

    async def subscribe(self, before: Mapping[str, tuple[str, ...]]) -> None:
        """Opens a session for each target in the core that a subscription leads to from behind the broker.

        `before` are the sessions (filters by client id) of the group that was deployed until now: what they
        subscribed to beyond this group's is given up.
        """
        router = self._exchange.router
        for target in self._exchange.names - self._sides:
            if filters := [one for side in self._sides for one in router.filters(side, target)]:
                session = self._session.named(self._names.get(target, target), filters)
                session = replace(session, dropped=before.get(session.client_id, ()))
                self._links.append(MqttLink(session, partial(self._from_broker, target)))
                self.sessions[session.client_id] = tuple(self._links[-1].filters)
                await self._links[-1].open(self._options.wait_s)
        for client_id in before.keys() - self.sessions.keys():
            link = MqttLink(replace(self._session, client_id=client_id, clean=True), discard)
            await link.open(self._options.wait_s)
            await link.close()

    async def close(self) -> None:
        """Publishes what is left, then disconnects; what is not acknowledged stays with the broker."""
        await asyncio.gather(*(outlet.close() for outlet in self._outlets.values()))
        await asyncio.gather(*(link.close() for link in self._links))
        self._links.clear()

    def has_room(self, _message: Message) -> bool:
        return True

    def deliver(self, message: Message) -> None:
        """Publishes the message, which the broker may carry."""
        targets = self._exchange.router.targets(message.source, message.topic)
        outlet = self._outlets[CLOUD if CLOUD in targets else DEVICES]
        outlet.publish(message.topic, message.payload, message.receipt)

    def _from_broker(self, name: str, topic: str, payload: bytes, receipt: Receipt | None) -> None:
        """A message that arrived in the session of the target `name`."""
        breach = self._options.limits.of_message(topic, len(payload))
        if breach is not None:
            self._log.warning("Discarding message to %s: %s", name, breach.reason)
            if self._watch.active:
                self._watch.numbered(Message(CLOUD, topic, payload), [], [], breach.reason)
        elif source := self._source(name, topic):
            self._exchange.hand_over(name, Message(source, topic, payload, receipt))
        else:
            self._log.info("Discarding message. No subscription leads from here along %s to %s", topic, name)
        if receipt is not None:
            receipt.release()

    def _make_outlets(self, targets: set[str]) -> dict[str, Outlet]:
        """Of which the one to the cloud is always there: it tells whether the broker is."""
        options = self._options
        cloud = SpoolOptions(CLOUD, options.limits.cloud_in_flight, options.spool_bytes)
        outlets = {CLOUD: Outlet(self._session, cloud, options.spool)}
        if targets - {CLOUD}:
            devices = SpoolOptions(DEVICES, MAX_IN_FLIGHT, options.spool_bytes)
            outlets[DEVICES] = Outlet(self._session.named(DEVICES, ()), devices)
        return outlets

    def _source(self, target: str, topic: str) -> str | None:
        router = self._exchange.router
        return next((side for side in self._sides if target in router.targets(side, topic)), None)
