"""A pinned function: one worker process that is kept alive, and the queue of events before it."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections import deque

from greengrass_sim.backoff import Backoff
from greengrass_sim.exchange import UNAVAILABLE, Exchange, Message
from greengrass_sim.invocation import FunctionError, Invocation, Refusal, Reply
from greengrass_sim.receipt import Receipt
from greengrass_sim.runtime.ipc import MAX_BYTES, Frame, Kind
from greengrass_sim.workers.process import Launch, WorkerProcess
from greengrass_sim.workers.work import Outcome, Work

MAX_QUEUE = 1024
MAX_PAYLOAD = MAX_BYTES - 4096  # what fits into a frame beside its header
AHEAD = 32
MAX_ATTEMPTS = 3
FIRST_DELAY_S, LONGEST_DELAY_S = 0.1, 30.0
STOP_S = 2.0


class PinnedWorker:
    """Events are handled in order, one at a time; a worker that ends is started again after a growing delay.

    Up to AHEAD events are sent to the process before it asks for them, so that it never waits for the core.
    """

    def __init__(self, launch: Launch, exchange: Exchange, max_attempts: int = MAX_ATTEMPTS) -> None:
        self.launch = launch
        self.settled = asyncio.Event()  # the handler is imported, or cannot be
        self.failure: str | None = None
        self._exchange = exchange
        self._max_attempts = max_attempts
        self._log = logging.getLogger(f"worker.{launch.name}")
        self._queue: deque[Work] = deque()
        self._sent: deque[Work] = deque()
        self._process: WorkerProcess | None = None
        self._ready = self._aborted = self._stopping = False
        self._backoff = Backoff(FIRST_DELAY_S, LONGEST_DELAY_S)
        self._deadline: asyncio.TimerHandle | None = None
        self._restart: asyncio.TimerHandle | None = None
        self._starting: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        self._handlers = {
            Kind.READY: self._on_ready,
            Kind.FAILED: self._on_failed,
            Kind.PUBLISH: self._on_published,
            Kind.REFUSED: self._on_refused,
            Kind.RESULT: self._on_result,
        }

    def start(self) -> None:
        """Starts the process; `settled` tells when its handler is imported."""
        self._ended.clear()
        self._process = WorkerProcess(self.launch, self._on_frame, self._on_end)
        self._starting = asyncio.get_running_loop().create_task(self._start(self._process))

    async def stop(self) -> None:
        """Gives what was sent to the process STOP_S to end; the rest stays unsettled."""
        grace_s = STOP_S if self._ready or self._aborted else 0.0
        self._stopping, self._ready = True, False
        self._cancel(self._restart)
        self._cancel(self._deadline)
        if self._starting is not None:
            await self._starting
        process = self._process
        if process is None:
            return
        process.finish()
        try:
            await asyncio.wait_for(self._ended.wait(), grace_s)
        except TimeoutError:
            process.kill()
            await self._ended.wait()

    def has_room(self, message: Message) -> bool:
        return self._takes(len(message.payload), message.receipt)

    def deliver(self, message: Message) -> None:
        receipt = message.receipt.hold() if message.receipt else None
        self._submit(Work({"subject": message.topic}, message.payload, receipt))

    async def invoke(self, invocation: Invocation) -> Reply:
        """Raises Refusal when the queue is full or the payload too large."""
        if not self._takes(len(invocation.payload), invocation.receipt):
            raise Refusal(UNAVAILABLE, f"the queue of {invocation.arn} is full, or the payload too large")
        receipt = invocation.receipt.hold() if invocation.receipt else None
        work = Work(invocation.custom, invocation.payload, receipt)
        if not invocation.wait:
            self._submit(work)
            return Reply()
        outcome = await self.run(work)
        if outcome.error is None:
            return Reply(outcome.returned)
        return Reply(json.dumps({"errorMessage": outcome.error}).encode(), FunctionError.UNHANDLED)

    async def run(self, work: Work) -> Outcome:
        """Queues the event, however full the queue is, and waits for what becomes of it."""
        if len(work.payload) > MAX_PAYLOAD:
            return Outcome(error=f"an event of {len(work.payload)} bytes is too large")
        work.reply = asyncio.get_running_loop().create_future()
        self._submit(work)
        return await work.reply

    def _takes(self, size: int, receipt: Receipt | None) -> bool:
        """Not when it is too large, or the queue is full and nobody would send it again."""
        return size <= MAX_PAYLOAD and (receipt is not None or len(self._queue) < MAX_QUEUE)

    def _submit(self, work: Work) -> None:
        self._queue.append(work)
        self._feed()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def _start(self, process: WorkerProcess) -> None:
        try:
            await process.start()
        except OSError as error:
            self._on_end(f"it did not start: {error}")

    def _feed(self) -> None:
        while self._ready and self._process and self._queue and len(self._sent) < AHEAD:
            work = self._queue.popleft()
            header = {"id": work.id, "custom": dict(work.custom), "reply": work.reply is not None}
            self._sent.append(work)
            if len(self._sent) == 1:
                self._await_result()
            self._process.send(Kind.INVOKE, header, work.payload)

    def _await_result(self) -> None:
        """The first of the sent events is being handled from now on."""
        self._cancel(self._deadline)
        self._deadline = None
        if self._sent:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(self.launch.timeout, self._on_timeout)

    def _on_frame(self, frame: Frame) -> None:
        self._handlers[frame.kind](frame)

    def _on_ready(self, _: Frame) -> None:
        self._ready = True
        self.failure = None
        self.settled.set()
        self._log.debug("the handler is imported, process %s", self.pid)
        self._feed()

    def _on_failed(self, frame: Frame) -> None:
        error, missing = frame.header["error"], frame.header["missing"]
        hint = f"\nInstall what provides {missing!r} for {sys.executable}, or put it into {self.launch.code}"
        self.failure = f"{error}{hint if missing else ''}"
        self._log.error(
            'Failed to import handler function "%s" due to exception: %s\n%s%s',
            self.launch.executable,
            error,
            frame.header["trace"].rstrip(),
            hint if missing else "",
        )
        self.settled.set()

    def _on_published(self, frame: Frame) -> None:
        topic, receipt = frame.header["topic"], None
        work = self._sent[0] if self._sent else None
        if work is not None and work.id == frame.header["id"]:
            if work.is_repetition(topic, frame.payload):
                return
            receipt = work.receipt
        self._exchange.send(Message(self.launch.arn, topic, frame.payload, receipt))

    def _on_refused(self, frame: Frame) -> None:
        self._log.warning("publish to %r refused: %s", frame.header["topic"], frame.header["reason"])

    def _on_result(self, frame: Frame) -> None:
        if not self._sent or self._sent[0].id != frame.header["id"]:
            return  # it was given up the moment before
        work = self._sent.popleft()
        outcome = Outcome.of(frame.header, frame.payload)
        if outcome.error is not None:
            self._log.error(
                "the handler failed on topic %r: %s\n%s", work.subject, outcome.error, outcome.trace
            )
        self._backoff.reset()
        self._await_result()
        work.settle(outcome)
        self._feed()

    def _on_timeout(self) -> None:
        work = self._sent.popleft()
        error = f"Task timed out after {self.launch.timeout:.2f} seconds"
        self._log.error("%s on topic %r: the event is given up, the worker is restarted", error, work.subject)
        self._ready, self._aborted = False, True
        if self._process is not None:
            self._process.abort()
        work.settle(Outcome(error=error))

    def _on_end(self, reason: str) -> None:
        self._ready, self._process = False, None
        self._cancel(self._deadline)
        self._take_back(reason)
        self.failure = self.failure or reason
        self.settled.set()
        self._ended.set()
        if self._stopping:
            return
        delay = self._backoff.next()
        self._log.warning("the worker ended: %s; it is restarted in %.1f s", reason, delay)
        self._restart = asyncio.get_running_loop().call_later(delay, self.start)

    def _take_back(self, reason: str) -> None:
        """Events that were sent return to the queue; the first is given up when it was tried often enough."""
        if self._sent and not self._stopping:
            work = self._sent[0]
            work.again()
            work.attempts += not self._aborted
            if work.attempts >= self._max_attempts:
                self._sent.popleft()
                error = f"the worker ended over this event {work.attempts} times, the last time: {reason}"
                self._log.error("an event on topic %r is given up: %s", work.subject, error)
                work.settle(Outcome(error=error))
        self._queue.extendleft(reversed(self._sent))
        self._sent.clear()
        self._aborted = False

    def _cancel(self, timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()
