"""Functions of a group, started without a broker: for the tests of workers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from greengrass_sim.daemon.daemon import Daemon
from greengrass_sim.exchange import Exchange, Message
from greengrass_sim.functions import Functions
from greengrass_sim.group import load_group
from greengrass_sim.invocation import Invocation, Reply
from greengrass_sim.limits import Limits
from greengrass_sim.router import Router
from tests.greengrass_sim.groups import function_arn, write_group
from tests.waiting import BUSY_S


@dataclass(eq=False)
class Running:
    """The functions, and all that subscriptions bring to the cloud."""

    functions: Functions
    exchange: Exchange
    messages: list[Message] = field(default_factory=list)

    def has_room(self, _message: Message) -> bool:
        return True

    def deliver(self, message: Message) -> None:
        self.messages.append(message)

    async def call(self, name: str, event: object, timeout: float = BUSY_S, **custom: Any) -> Reply:
        """Calls the function as another one would, and waits for the answer."""
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        invocation = Invocation(function_arn(name), payload, "cloud", custom)
        return await asyncio.wait_for(self.exchange.invoke(invocation), timeout)

    async def returned(self, name: str, event: object, **custom: Any) -> Any:
        reply = await self.call(name, event, **custom)
        assert reply.error == "", reply
        return json.loads(reply.payload)


def run(
    folder: Path,
    document: dict[str, Any],
    scenario: Callable[[Running], Awaitable[None]],
    strict: bool = False,
    interpreters: dict[str, str] | None = None,
    imported: bool = True,
) -> None:
    """Runs `scenario` while the functions of the group are started; those that are pinned are `imported`."""
    loaded = replace(load_group(write_group(folder, document)), interpreters=interpreters or {})

    async def main() -> None:
        exchange = Exchange(Router(loaded.subscriptions))
        daemon = Daemon(0)
        functions = Functions(loaded, exchange, folder / "work", strict, daemon)
        await daemon.start()
        try:
            async with _started(Running(functions, exchange), imported) as running:
                await scenario(running)
        finally:
            await daemon.stop()

    asyncio.run(main())


@asynccontextmanager
async def _started(running: Running, imported: bool) -> AsyncIterator[Running]:
    running.exchange.attach("cloud", running, Limits())
    await running.functions.start()
    if imported:
        await running.functions.imported()
    try:
        yield running
    finally:
        await running.functions.stop()
