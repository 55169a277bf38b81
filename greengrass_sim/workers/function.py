"""What every function has, however its workers are kept: a queue, filled by messages and by calls."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import Any

from greengrass_sim.exchange import UNAVAILABLE, Exchange, Message
from greengrass_sim.invocation import Invocation, Refusal, Reply
from greengrass_sim.receipt import Receipt
from greengrass_sim.watch.stream import as_text
from greengrass_sim.workers.launch import Launch
from greengrass_sim.workers.queue import WorkItems, WorkQueue
from greengrass_sim.workers.sandbox import MAX_PAYLOAD, Sandbox
from greengrass_sim.workers.work import Outcome, Work


class FunctionWorkers(ABC):
    """A target of messages and a service; subclasses decide when there is a process to hand an event to."""

    def __init__(self, launch: Launch, exchange: Exchange, items: WorkItems) -> None:
        self.launch = launch
        self.settled = asyncio.Event()  # it is clear whether the handler can be imported
        self.failure: str | None = None
        self._exchange = exchange
        self._log = logging.getLogger(f"worker.{launch.name}")
        self._queue = WorkQueue(items)

    @abstractmethod
    def start(self) -> None:
        """From now on events are handled."""

    @abstractmethod
    async def stop(self) -> None:
        """Ends the processes; what they have not finished stays unsettled."""

    @abstractmethod
    def reload(self) -> None:
        """Events from now on are handled by the code as it is now; what was begun is finished before."""

    @abstractmethod
    def _feed(self) -> None:
        """Hands on what can be handed on from the queue."""

    @abstractmethod
    def on_ready(self, sandbox: Sandbox) -> None: ...

    @abstractmethod
    def on_done(self, sandbox: Sandbox) -> None: ...

    @abstractmethod
    def on_end(self, sandbox: Sandbox, reason: str) -> None: ...

    def has_room(self, message: Message) -> bool:
        return self._takes(len(message.payload), message.receipt)

    def deliver(self, message: Message) -> None:
        work = Work.of_message(message)
        if self._exchange.watch.active:
            self._tell_queued(work, message=message.number)
        self._submit(work)

    async def invoke(self, invocation: Invocation) -> Reply:
        """Raises Refusal when the queue is full or the payload too large."""
        if not self._takes(len(invocation.payload), invocation.receipt):
            raise Refusal(UNAVAILABLE, f"the queue of {invocation.arn} is full, or the payload too large")
        work = Work.of_call(invocation)
        if self._exchange.watch.active:
            self._tell_queued(work, caller=invocation.source, **as_text(work.payload))
        if invocation.wait:
            return (await self.run(work)).reply
        self._submit(work)
        return Reply()

    async def run(self, work: Work) -> Outcome:
        """Queues the event, however full the queue is, and waits for what becomes of it."""
        if len(work.payload) > MAX_PAYLOAD:
            return Outcome(error=f"an event of {len(work.payload)} bytes is too large")
        work.reply = asyncio.get_running_loop().create_future()
        self._submit(work)
        return await work.reply

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that run now."""
        return ()

    def status(self) -> dict[str, Any]:
        """`state` is importing, ready, or failed, for which `failure` has the reason."""
        state = "importing" if not self.settled.is_set() else "failed" if self.failure else "ready"
        return {
            "name": self.launch.name,
            "arn": self.launch.arn,
            "state": state,
            "failure": self.failure,
            "pids": list(self.pids),
            "waiting": len(self._queue),
        }

    def _takes(self, size: int, receipt: Receipt | None) -> bool:
        """Not when it is too large, or the core is full and nobody would send it again."""
        return size <= MAX_PAYLOAD and (receipt is not None or not self._queue.full)

    def _tell_queued(self, work: Work, **details: Any) -> None:
        self._exchange.watch.tell("queued", work=work.id, function=self.launch.arn, **details)

    def _submit(self, work: Work) -> None:
        self._queue.append(work)
        self._feed()
