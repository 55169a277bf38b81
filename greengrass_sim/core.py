"""The core: takes messages from the broker and from handlers, and brings them where a subscription leads."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from greengrass_sim.arn import parse_thing
from greengrass_sim.broker.url import BrokerUrl
from greengrass_sim.group import Function, Group
from greengrass_sim.group.checks import unenforced
from greengrass_sim.launches import make_launches
from greengrass_sim.mqtt.link import MqttLink
from greengrass_sim.mqtt.session import Session, TlsFiles
from greengrass_sim.process import Launch
from greengrass_sim.receipt import Receipt
from greengrass_sim.router import Router
from greengrass_sim.work import Work
from greengrass_sim.workers import PinnedWorker

IMPORT_S = 30.0


@dataclass(frozen=True)
class CoreOptions:
    """The broker, the folder for what the workers need, and how long to wait for the broker, in seconds."""

    url: str
    work: Path
    tls: TlsFiles = field(default_factory=TlsFiles)
    wait_s: float = 10.0


class Core:
    """Runs a group between `start` and `stop`, in the running event loop.

    Every function has a worker, and a broker session of its own to receive by, so that one that is slow or
    broken holds up neither the messages nor the acknowledgements of another. All publish by one session more:
    a broker may stop answering a client that has much unacknowledged (iotcore does), and we acknowledge a
    request only when what its handler published has been answered.

    The broker stands for the cloud and for all devices: MQTT does not tell who published, so a message from
    there counts as sent by any of them.
    """

    def __init__(self, group: Group, options: CoreOptions) -> None:
        self._group = group
        self._options = options
        self._router = Router(group.subscriptions)
        self._log = logging.getLogger("core")
        self._workers: dict[str, PinnedWorker] = {}
        self._links: dict[str, MqttLink] = {}
        self._uplink: MqttLink | None = None

    async def start(self) -> None:
        """Returns when every function is subscribed and its handler imported, or known not to be importable.

        Raises BrokerError when the broker is away, GroupError when a model cannot be unpacked.
        """
        for sentence in unenforced(self._group):
            self._log.info("%s", sentence)
        launches = make_launches(self._group, self._options.work)
        try:
            await self._connect()
            for function in self._group.functions:
                self._start(function, launches[function.function_arn])
            for link in self._links.values():
                await link.open(self._options.wait_s)
            await self._imported()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends all workers, then disconnects; what no handler has finished is left to the broker."""
        await asyncio.gather(*(worker.stop() for worker in self._workers.values()))
        if self._uplink is not None:
            await self._uplink.close()
        await asyncio.gather(*(link.close() for link in self._links.values()))
        self._workers.clear()
        self._links.clear()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def workers(self) -> dict[str, PinnedWorker]:
        """The workers by function ARN."""
        return self._workers

    def _session(self, suffix: str = "", filters: tuple[str, ...] = ()) -> Session:
        cores = self._group.cores
        # Without a core, from the group's name: brokers differ in what else they take in a client id.
        thing = parse_thing(cores[0].thing_arn).name if cores else re.sub(r"[^\w-]", "-", self._group.name)
        return Session(BrokerUrl.parse(self._options.url), thing + suffix, filters, self._options.tls)

    async def _connect(self) -> None:
        self._uplink = MqttLink(self._session(), _nothing_subscribed)
        await self._uplink.open(self._options.wait_s)

    def _start(self, function: Function, launch: Launch) -> None:
        arn = function.function_arn
        if filters := [one for side in self._group.mqtt_side for one in self._router.filters(side, arn)]:
            session = self._session(f"-{function.id}", tuple(filters))
            self._links[arn] = MqttLink(session, partial(self._from_broker, arn))
        self._workers[arn] = PinnedWorker(launch, partial(self._from_function, arn))
        self._workers[arn].start()

    async def _imported(self) -> None:
        waits = {arn: asyncio.ensure_future(one.settled.wait()) for arn, one in self._workers.items()}
        if waits:
            await asyncio.wait(waits.values(), timeout=IMPORT_S)
        for arn, wait in waits.items():
            if not wait.done():
                wait.cancel()
                self._log.warning("%s is still importing its handler, it goes on without waiting", arn)

    def _from_broker(self, arn: str, topic: str, payload: bytes, receipt: Receipt | None) -> None:
        """A message that arrived in the session of the function `arn`."""
        if any(arn in self._router.targets(side, topic) for side in self._group.mqtt_side):
            self._deliver(arn, topic, payload, receipt)
            return
        self._log.info("Discarding message. No subscription leads from the broker along %s to %s", topic, arn)
        if receipt is not None:
            receipt.release()

    def _from_function(self, source: str, topic: str, payload: bytes, receipt: Receipt | None) -> None:
        """A message that the handler of the function `source` published."""
        targets = self._router.targets(source, topic)
        if not targets:
            self._log.warning("Discarding message. %s", self._router.refusal(source, topic))
        if self._uplink is not None and not self._group.mqtt_side.isdisjoint(targets):
            self._uplink.publish(topic, payload, receipt)
        for target in targets:
            if target in self._workers:
                self._deliver(target, topic, payload, receipt.hold() if receipt else None)

    def _deliver(self, arn: str, topic: str, payload: bytes, receipt: Receipt | None) -> None:
        if self._workers[arn].submit(Work(topic, payload, receipt)):
            return
        self._log.warning("Discarding message of %d bytes on %s: %s cannot take it", len(payload), topic, arn)
        if receipt is not None:
            receipt.release()


def _nothing_subscribed(topic: str, _payload: bytes, receipt: Receipt | None) -> None:
    """A session of an older group may hold subscriptions that nobody has now."""
    logging.getLogger("core").info("Discarding message on %s, nothing is subscribed to it here", topic)
    if receipt is not None:
        receipt.release()
