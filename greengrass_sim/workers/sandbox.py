"""One process of a function, given events one after the other, with its timeouts and what it asks for."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections import deque
from typing import Any, Protocol

from greengrass_sim.exchange import Exchange
from greengrass_sim.runtime.ipc import MAX_BYTES, Frame, Kind
from greengrass_sim.workers.launch import Launch
from greengrass_sim.workers.memory import WATCHED, MemoryWatch
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
        self.id = str(uuid.uuid4())
        self.ready = False
        self.failure: str | None = None
        self._owner = owner
        self._log = logging.getLogger(f"worker.{launch.name}")
        self._output = logging.getLogger(f"function.{launch.name}")
        self._sent: deque[Work] = deque()
        self._watch = exchange.watch
        self._aborted = self._stopping = False
        self._deadline: asyncio.TimerHandle | None = None
        self._ended = asyncio.Event()
        self._process = WorkerProcess(launch, self._on_frame, self._on_end)
        self._requests = Requests(
            launch, exchange, lambda: self._sent[0] if self._sent else None, self._process.send
        )
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
        self.ready = False
        self._process.finish()
        if not self._sent:
            loop = asyncio.get_running_loop()
            self._deadline = self._deadline or loop.call_later(STOP_S, self._process.kill)

    def give_up(self, seconds: float) -> None:
        """Ends a process whose handler has not been imported for so long."""
        self.failure = f"the handler's module is still being imported after {seconds:g} s"
        self._output.critical(
            'Failed to import handler function "%s": %s', self.launch.executable, self.failure
        )
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
                times = f" {first.attempts} times, the last time" if first.attempts > 1 else ""
                error = f"the worker ended over this event{times}: {reason}"
                self._log.error("an event on topic %r is given up: %s", first.subject, error)
                self._finish(first, Outcome(error=error))
                del left[0]
        return left

    async def _start(self) -> None:
        try:
            await self._process.start()
        except OSError as error:
            self._on_end(f"it did not start: {error}")
            return
        if self.pid is not None and self.launch.memory_kb and WATCHED:
            self._memory = MemoryWatch(self.pid, self.launch.memory_kb, self._on_excess)

    def _on_excess(self, used_kb: int) -> None:
        facts = {
            "workerId": self.id,
            "funcArn": self.launch.arn,
            "memSize": self.launch.memory_kb,
            "memUsed": used_kb,
        }
        text = "Worker consumed all allocated memory! Memory Usage (KB). %s"
        self._log.warning(text, json.dumps(facts, separators=(",", ":")))
        self._log.error("Worker is ungracefully killed.")
        self._killed_for = f"it used {used_kb} KB of memory, its MemorySize is {self.launch.memory_kb} KB"
        self._process.kill()

    def _await_result(self) -> None:
        """The first of the sent events is being handled from now on."""
        self._cancel_deadline()
        if self._sent:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(self.launch.timeout, self._on_timeout)
            if self._watch.active:
                self._tell("started", work=self._sent[0].id, attempt=self._sent[0].attempts + 1)

    def _on_frame(self, frame: Frame) -> None:
        self._handlers[frame.kind](frame)

    def _on_ready(self, _: Frame) -> None:
        self.ready = True
        self._log.debug("the handler is imported, process %s", self.pid)
        if self._watch.active:
            self._tell("worker", state="ready", reason=None)
        self._owner.on_ready(self)

    def _on_failed(self, frame: Frame) -> None:
        error, missing = frame.header["error"], frame.header["missing"]
        where = f"for {self.launch.interpreter}, or put it into {self.launch.code}"
        hint = f"\nInstall what provides {missing!r} {where}"
        self.failure = f"{error}{hint if missing else ''}"
        self._output.critical(
            'Failed to import handler function "%s" due to exception: %s\n%s%s',
            self.launch.executable,
            error,
            frame.header["trace"].rstrip(),
            hint if missing else "",
        )
        self._output.critical("Failed to initialize Lambda runtime due to exception: %s", error)
        if self._watch.active:
            self._tell("worker", state="failed", reason=self.failure)
        self._owner.on_ready(self)

    def _is_first(self, identity: str | None) -> bool:
        return bool(self._sent) and self._sent[0].id == identity

    def _on_result(self, frame: Frame) -> None:
        if not self._is_first(frame.header["id"]):
            return  # it was given up the moment before
        work = self._sent.popleft()
        outcome = Outcome.of(frame.header, frame.payload)
        if outcome.error is not None:
            self._output.error(
                "the handler failed on topic %r: %s\n%s", work.subject, outcome.error, outcome.trace
            )
        self._finish(work, outcome)
        self._await_result()
        self._owner.on_done(self)

    def _on_timeout(self) -> None:
        work = self._sent.popleft()
        error = f"Task timed out after {self.launch.timeout:.2f} seconds"
        if self._requests.waits_for:
            error += f" while it waited for the answer of {', '.join(self._requests.waits_for)}"
        self._log.error("%s on topic %r: the event is given up, the worker is ended", error, work.subject)
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
        self.failure = self.failure or reason
        self._ended.set()
        if self._watch.active:
            self._tell("worker", state="ended", reason=reason)
        self._owner.on_end(self, reason)

    def _finish(self, work: Work, outcome: Outcome) -> None:
        """It is told before it is settled, so that whoever waits for the one has seen the other."""
        if self._watch.active:
            self._tell("finished", work=work.id, error=outcome.error)
        work.settle(outcome)

    def _tell(self, event: str, **details: Any) -> None:
        self._watch.tell(event, function=self.launch.arn, **details)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
