"""The shadow service as a part of the core."""

from __future__ import annotations

import asyncio
from pathlib import Path

from greengrass_sim.exchange import Exchange, Message
from greengrass_sim.group import Group
from greengrass_sim.group.model import SHADOW_SERVICE
from greengrass_sim.invocation import Invocation, Refusal, Reply
from greengrass_sim.receipt import Receipt
from greengrass_sim.shadow.service import ARN, FILE, ShadowService


class ShadowPart:
    """Takes messages that subscriptions bring to `GGShadowService`, and calls of its ARN."""

    def __init__(self, _group: Group, exchange: Exchange, work: Path) -> None:
        self._exchange = exchange
        self._path = work / FILE
        self._service: ShadowService | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        exchange.attach(SHADOW_SERVICE, self)
        exchange.register(ARN, self)

    async def start(self) -> None:
        """Raises StateError where the file in the work folder cannot be used."""
        self._service = ShadowService(self._path, self._publish)

    async def stop(self) -> None:
        """Answers what was asked, then closes the file."""
        while self._tasks:
            await asyncio.gather(*self._tasks)
        if self._service is not None:
            self._service.close()
            self._service = None

    async def invoke(self, invocation: Invocation) -> Reply:
        if self._service is None:
            raise Refusal(503, "the shadow service is not running")
        return await self._service.invoke(invocation)

    def has_room(self, _message: Message) -> bool:
        """A thing that asks too much is answered so."""
        return self._service is not None

    def deliver(self, message: Message) -> None:
        receipt = message.receipt.hold() if message.receipt else None
        task = asyncio.get_running_loop().create_task(self._take(message, receipt))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, message: Message, receipt: Receipt | None) -> None:
        custom = {"subject": message.topic}
        try:
            await self.invoke(Invocation(ARN, message.payload, message.source, custom, False, receipt))
        finally:
            if receipt is not None:
                receipt.release()

    def _publish(self, topic: str, payload: bytes, receipt: Receipt | None) -> None:
        self._exchange.send(Message(SHADOW_SERVICE, topic, payload, receipt))
