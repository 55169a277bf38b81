"""What is published to the broker: a session to send by, and a spool before it."""

from __future__ import annotations

import logging
from pathlib import Path

from greengrass_sim.mqtt.link import MqttLink
from greengrass_sim.mqtt.session import Session
from greengrass_sim.receipt import Receipt
from greengrass_sim.spool.file import SpoolFile
from greengrass_sim.spool.spooler import Spooler, SpoolOptions


class Outlet:
    """Publishes between `open` and `close`; with `path`, what waits survives both."""

    def __init__(self, session: Session, options: SpoolOptions, path: Path | None = None) -> None:
        self._link = MqttLink(session, discard)
        self._spooler = Spooler(options, self._link.publish, SpoolFile(path) if path else None)

    async def open(self, wait_s: float) -> None:
        """Raises BrokerError when the broker is away."""
        await self._link.open(wait_s)
        self._spooler.start()

    def publish(self, topic: str, payload: bytes, receipt: Receipt | None) -> None:
        """Sends with QoS 1, now or later, and holds the receipt until the message is safe."""
        self._spooler.put(topic, payload, receipt)

    async def close(self) -> None:
        """Gives the broker a moment to take what is left."""
        await self._link.close()
        self._spooler.close()


def discard(topic: str, _payload: bytes, receipt: Receipt | None) -> None:
    """For sessions of which nothing is expected: they may hold what an older group had subscribed to."""
    logging.getLogger("bridge").info("Discarding message on %s, nothing is subscribed to it here", topic)
    if receipt is not None:
        receipt.release()
