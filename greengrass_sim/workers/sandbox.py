"""One process of a function, given events one after the other, with its timeouts and what it asks for."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from typing import Protocol

from greengrass_sim.exchange import Exchange
from greengrass_sim.runtime.ipc import MAX_BYTES, Frame, Kind
from greengrass_sim.workers.caller import Caller
from greengrass_sim.workers.guest import Guest
from greengrass_sim.workers.journal import Journal
from greengrass_sim.workers.launch import Launch
from greengrass_sim.workers.linked import LinkedProcess
from greengrass_sim.workers.memory import WATCHED, MemoryWatch
from greengrass_sim.workers.polling import PollingProcess
from greengrass_sim.workers.process import WorkerProcess
from greengrass_sim.workers.requests import Requests
from greengrass_sim.workers.work import Outcome, Work

MAX_PAYLOAD = MAX_BYTES - 4096  # what fits into a frame beside its header
STOP_S = 2.0


class Owner(Protocol):
    """Who has sandboxes; each call tells which one."""

    def on_ready(self, sandbox: Sandbox) -> None:
        """The handler is imported, or (`failure` tells why) cannot be."""

    def on_done(self, sandbox: Sandbox) -> None:
        """An event has been handled, well or badly: there is room for another."""

    def on_end(self, sandbox: Sandbox, reason: str) -> None:
        """The process has ended; `take_back` gives the events that it has not handled."""


class Sandbox:
    """Starts when it is made. Events may be sent before the process asks for them, so that it never waits."""

    def __init__(self, launch: Launch, exchange: Exchange, owner: Owner) -> None:
        self.launch = launch
        self.ready = self.retired = False
        self.failure: str | None = None
        self._owner = owner
        self._journal = Journal(launch, exchange.watch, str(uuid.uuid4()))
        self._sent: deque[Work] = deque()
        self._aborted = self._stopping = False
        self._deadline: asyncio.TimerHandle | None = None
        self._ended = asyncio.Event()
        self._caller = Caller(launch.arn, exchange, lambda: self._sent[0] if self._sent else None)
        self._process, self._guest = self._make_process()
        self._requests = Requests(launch, self._caller, self._process.send)
        self._handlers = {
            **self._requests.handlers,
            Kind.READY: self._on_ready,
            Kind.FAILED: self._on_failed,
            Kind.RESULT: self._on_result,
        }
        self._memory: MemoryWatch | None = None
        self._killed_for: str | None = None
        self._starting = asyncio.get_running_loop().create_task(self._start())

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def under_way(self) -> int:
        """How many events it has been given and not finished."""
        return len(self._sent)

    def give(self, work: Work) -> None:
        """Sends an event."""
        context = list(work.context) if work.context else None
        header = {"id": work.id, "context": context, "reply": work.reply is not None}
        self._sent.append(work)
        if len(self._sent) == 1:
            self._await_result()
        self._process.send(Kind.INVOKE, header, work.payload)

    async def stop(self) -> None:
        """Gives what was sent STOP_S to end; the rest stays unsettled."""
        grace_s = STOP_S if self.ready or self._aborted else 0.0
        self._stopping, self.ready = True, False
        self._cancel_deadline()
        await self._starting
        self._process.finish()
        try:
            await asyncio.wait_for(self._ended.wait(), grace_s)
        except TimeoutError:
            self._process.kill()
            await self._ended.wait()

    def retire(self) -> None:
        """Lets it finish what it was given, then ends it; one that only publishes is ended after STOP_S."""
        self.ready, self.retired = False, True
        self._process.finish()
        if not self._sent:
            loop = asyncio.get_running_loop()
            self._deadline = self._deadline or loop.call_later(STOP_S, self._process.kill)

    def give_up(self, seconds: float) -> None:
        """Ends a process whose handler has not been imported for so long."""
        self.failure = self._journal.never_imported(seconds)
        self._process.abort()

    def take_back(self, reason: str) -> list[Work]:
        """The events to be handled again; the first is given up when it was tried often enough."""
        left = list(self._sent)
        self._sent.clear()
        if left and not self._stopping:
            first = left[0]
            first.again()
            first.attempts += not self._aborted
            if first.attempts >= first.max_attempts:
                self._finish(first, Outcome(error=self._journal.given_up(first, reason)))
                del left[0]
        return left

    def _make_process(self) -> tuple[WorkerProcess, Guest]:
        if not self.launch.command:
            return LinkedProcess(self.launch, self._on_frame, self._on_end), Guest(self._caller)
        polling = PollingProcess(self.launch, self._on_frame, self._on_end)
        return polling, Guest(self._caller, polling)

    async def _start(self) -> None:
        door = self.launch.door
        try:
            await self._process.start(door.admit(self._guest) if door else {})
        except OSError as error:
            self._on_end(f"it did not start: {error}")
            return
        if self.pid is not None and self.launch.memory_kb and WATCHED:
            self._memory = MemoryWatch(self.pid, self.launch.memory_kb, self._on_excess)

    def _on_excess(self, used_kb: int) -> None:
        self._killed_for = self._journal.consumed(used_kb)
        self._process.kill()

    def _await_result(self) -> None:
        """The first of the sent events is being handled from now on."""
        self._cancel_deadline()
        if self._sent:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(self.launch.timeout, self._on_timeout)
            self._journal.started(self._sent[0])

    def _on_frame(self, frame: Frame) -> None:
        self._handlers[frame.kind](frame)

    def _on_ready(self, _: Frame) -> None:
        self.ready = not (self.retired or self._stopping)
        self._journal.ready(self.pid)
        self._owner.on_ready(self)

    def _on_failed(self, frame: Frame) -> None:
        header = frame.header
        self.failure = self._journal.failed(header["error"], header["trace"], header["missing"])
        self._owner.on_ready(self)

    def _on_result(self, frame: Frame) -> None:
        if not self._sent or self._sent[0].id != frame.header["id"]:
            return  # it was given up the moment before
        work = self._sent.popleft()
        outcome = Outcome.of(frame.header, frame.payload)
        if outcome.error is not None:
            self._journal.raised(work, outcome)
        self._finish(work, outcome)
        self._await_result()
        self._owner.on_done(self)

    def _on_timeout(self) -> None:
        work = self._sent.popleft()
        error = self._journal.timed_out(work, self._caller.waits_for)
        self.ready, self._aborted = False, True
        self._process.abort()
        self._finish(work, Outcome(error=error))

    def _on_end(self, reason: str) -> None:
        reason = self._killed_for or reason
        self.ready = False
        if self._memory is not None:
            self._memory.stop()
        self._cancel_deadline()
        self._requests.cancel()
        if self.launch.door:
            self.launch.door.dismiss(self._guest)
        self.failure = self.failure or reason
        self._ended.set()
        self._journal.ended(reason)
        self._owner.on_end(self, reason)

    def _finish(self, work: Work, outcome: Outcome) -> None:
        """It is told before it is settled, so that whoever waits for the one has seen the other."""
        self._journal.finished(work, outcome)
        work.settle(outcome)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
