"""The functions of a group: what takes their messages and answers their calls."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

from greengrass_sim.exchange import Exchange
from greengrass_sim.group import Group
from greengrass_sim.workers.function import FunctionWorkers
from greengrass_sim.workers.guest import Door
from greengrass_sim.workers.isolation import sentences
from greengrass_sim.workers.launch import Launch, make_launches
from greengrass_sim.workers.on_demand import OnDemandWorkers
from greengrass_sim.workers.pinned import PinnedWorker
from greengrass_sim.workers.queue import WorkItems
from greengrass_sim.workers.slots import Slots

IMPORT_S = 30.0


class Functions:
    """Starts and stops them; each is attached and registered at the exchange under its ARN."""

    def __init__(
        self,
        group: Group,
        exchange: Exchange,
        work: Path,
        strict: bool = False,
        door: Door | None = None,
    ) -> None:
        self._group = group
        self._exchange = exchange
        self._work = work
        self._strict = strict
        self._door = door
        self._log = logging.getLogger("core")
        self.items = WorkItems()
        self._slots = Slots()
        self._workers: dict[str, FunctionWorkers] = {}

    @property
    def names(self) -> list[str]:
        """Their ARNs."""
        return [one.function_arn for one in self._group.functions]

    async def start(self) -> None:
        """Starts those that are pinned; raises GroupError when a model cannot be unpacked."""
        for sentence in sentences(self._group):
            self._log.info("%s", sentence)
        launches = make_launches(self._group, self._work, self._strict, self._door)
        for function in self._group.functions:
            arn = function.function_arn
            worker = self._workers[arn] = self._make(launches[arn], function.config.pinned)
            self._exchange.attach(arn, worker)
            self._exchange.register(arn, worker)
        for worker in self._workers.values():
            worker.start()

    def _make(self, launch: Launch, pinned: bool) -> FunctionWorkers:
        if pinned:
            return PinnedWorker(launch, self._exchange, self.items)
        return OnDemandWorkers(launch, self._exchange, self.items, self._slots)

    async def imported(self) -> None:
        """Returns when the handlers are imported or cannot be, or after IMPORT_S."""
        waits = {arn: asyncio.ensure_future(one.settled.wait()) for arn, one in self._workers.items()}
        if waits:
            await asyncio.wait(waits.values(), timeout=IMPORT_S)
        for arn, wait in waits.items():
            if not wait.done():
                wait.cancel()
                self._log.warning("%s is still importing its handler, it goes on without waiting", arn)

    @property
    def folders(self) -> dict[str, str]:
        """The folder with the code of each function, by ARN."""
        return {arn: worker.launch.code for arn, worker in self._workers.items()}

    def reload(self, arn: str) -> None:
        """Restarts the workers of a function, each when it has finished what it was given."""
        self._workers[arn].reload()

    def status(self) -> list[dict[str, Any]]:
        """The functions as `greengrass-sim status` shows them."""
        return [worker.status() for worker in self._workers.values()]

    async def stop(self) -> None:
        """Ends all workers; events that they had not finished stay unsettled."""
        await asyncio.gather(*(worker.stop() for worker in self._workers.values()))
        self._workers.clear()
