"""An on-demand function: a worker process for every event that is handled at the same time."""

from __future__ import annotations

import asyncio
from functools import partial

from greengrass_sim.exchange import Exchange
from greengrass_sim.workers.function import FunctionWorkers
from greengrass_sim.workers.launch import Launch
from greengrass_sim.workers.queue import WorkItems
from greengrass_sim.workers.sandbox import Sandbox
from greengrass_sim.workers.slots import Slots
from greengrass_sim.workers.work import Outcome

START_S = 30.0  # postStartHealthCheckTimeout of a core's settings
IDLE_S = 60.0


class OnDemandWorkers(FunctionWorkers):
    """Processes start with the first event and are used again while they last, the last used one first.

    One that has been idle for IDLE_S ends. A handler that cannot be imported, or is not within START_S, costs
    the event that the process was started for.
    """

    def __init__(self, launch: Launch, exchange: Exchange, items: WorkItems, slots: Slots) -> None:
        super().__init__(launch, exchange, items)
        self._slots = slots
        self._all: set[Sandbox] = set()
        self._starting: dict[Sandbox, asyncio.TimerHandle] = {}
        self._idle: dict[Sandbox, asyncio.TimerHandle] = {}
        self._retiring: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.settled.set()  # nothing is known, and nobody is to wait for it

    def start(self) -> None:
        """Nothing happens before the first event."""

    async def stop(self) -> None:
        self._stopping = True
        self._queue.clear()
        await asyncio.gather(*self._retiring, *(sandbox.stop() for sandbox in self._all))

    def reload(self) -> None:
        for sandbox in tuple(self._all):
            self._wake(sandbox)
            sandbox.retire()

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that there are now."""
        return tuple(sorted(sandbox.pid for sandbox in self._all if sandbox.pid is not None))

    def on_ready(self, sandbox: Sandbox) -> None:
        if sandbox.failure is None:
            self._starting.pop(sandbox).cancel()
            self._rest(sandbox)

    def on_done(self, sandbox: Sandbox) -> None:
        self._rest(sandbox)

    def on_end(self, sandbox: Sandbox, reason: str) -> None:
        never_ready = self._starting.pop(sandbox, None)
        if never_ready is not None:
            never_ready.cancel()
        self._wake(sandbox)
        self._all.discard(sandbox)
        self._queue.put_back(sandbox.take_back(reason))
        if not self._stopping:
            self._log.debug("a worker ended: %s", reason)
            if never_ready is not None and not sandbox.retired:
                self._give_up(sandbox.failure or reason)
        self._slots.give_back()
        self._feed()

    def _feed(self) -> None:
        while self._idle and not self._stopping:
            work = self._queue.take()
            if work is None:
                return
            sandbox = next(reversed(self._idle))
            self._wake(sandbox)
            sandbox.give(work)
        while self.wants_slot() and self._slots.take(self):
            sandbox = Sandbox(self.launch, self._exchange, self)
            self._all.add(sandbox)
            late = asyncio.get_running_loop().call_later(START_S, sandbox.give_up, START_S)
            self._starting[sandbox] = late

    def wants_slot(self) -> bool:
        return not self._stopping and len(self._queue) > len(self._starting)

    def slot_free(self) -> None:
        self._feed()

    def _give_up(self, failure: str) -> None:
        """No worker started, so nobody handles the first event."""
        work = self._queue.take()
        if work is not None:
            self._log.error("an event on topic %r is given up: %s", work.subject, failure)
            work.settle(Outcome(error=failure))

    def _rest(self, sandbox: Sandbox) -> None:
        """The sandbox has nothing to do; it gets the next event, or may be asked to make room."""
        if not sandbox.ready:
            return  # it is about to end
        loop = asyncio.get_running_loop()
        self._idle[sandbox] = loop.call_later(IDLE_S, self._retire, sandbox)
        self._feed()
        if sandbox in self._idle:
            self._slots.idle(sandbox, partial(self._retire, sandbox))

    def _wake(self, sandbox: Sandbox) -> None:
        self._slots.busy(sandbox)
        timer = self._idle.pop(sandbox, None)
        if timer is not None:
            timer.cancel()

    def _retire(self, sandbox: Sandbox) -> None:
        self._wake(sandbox)
        task = asyncio.get_running_loop().create_task(sandbox.stop())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)
