"""A pinned function: one worker process that is kept alive."""

from __future__ import annotations

import asyncio

from greengrass_sim.backoff import Backoff
from greengrass_sim.exchange import Exchange
from greengrass_sim.workers.function import FunctionWorkers
from greengrass_sim.workers.launch import Launch
from greengrass_sim.workers.queue import WorkItems
from greengrass_sim.workers.sandbox import Sandbox

AHEAD = 32
FIRST_DELAY_S, LONGEST_DELAY_S = 0.1, 30.0


class PinnedWorker(FunctionWorkers):
    """Events are handled in order, one at a time; a worker that ends is started again after a growing delay.

    Up to AHEAD events are sent to the process before it asks for them, so that it never waits for the core.
    """

    def __init__(self, launch: Launch, exchange: Exchange, items: WorkItems) -> None:
        super().__init__(launch, exchange, items)
        self._sandbox: Sandbox | None = None
        self._backoff = Backoff(FIRST_DELAY_S, LONGEST_DELAY_S)
        self._restart: asyncio.TimerHandle | None = None
        self._stopping = False

    def start(self) -> None:
        """Starts the process; `settled` tells when its handler is imported."""
        self._sandbox = Sandbox(self.launch, self._exchange, self)

    async def stop(self) -> None:
        self._stopping = True
        if self._restart is not None:
            self._restart.cancel()
        if self._sandbox is not None:
            await self._sandbox.stop()
        self._queue.clear()

    def reload(self) -> None:
        self._backoff.reset()
        if self._sandbox is not None:
            self._sandbox.retire()
        elif self._restart is not None:
            self._restart.cancel()
            self.start()

    @property
    def pid(self) -> int | None:
        return self._sandbox.pid if self._sandbox else None

    @property
    def pids(self) -> tuple[int, ...]:
        return (self.pid,) if self.pid is not None else ()

    def on_ready(self, sandbox: Sandbox) -> None:
        self.failure = sandbox.failure
        self.settled.set()
        self._feed()

    def on_done(self, _sandbox: Sandbox) -> None:
        self._backoff.reset()
        self._feed()

    def on_end(self, sandbox: Sandbox, reason: str) -> None:
        self._sandbox = None
        self._queue.put_back(sandbox.take_back(reason))
        self.failure = sandbox.failure
        self.settled.set()
        if self._stopping:
            return
        delay = self._backoff.next()
        self._log.warning("the worker ended: %s; it is restarted in %.1f s", reason, delay)
        self._restart = asyncio.get_running_loop().call_later(delay, self.start)

    def _feed(self) -> None:
        sandbox = self._sandbox
        while sandbox is not None and sandbox.ready and sandbox.under_way < AHEAD:
            work = self._queue.take()
            if work is None:
                return
            sandbox.give(work)
