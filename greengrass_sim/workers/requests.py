"""The frames by which a worker's process asks the core for something, or tells what is for the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from greengrass_sim.invocation import Refusal
from greengrass_sim.runtime.ipc import Frame, FrameError, Kind
from greengrass_sim.workers.caller import Caller
from greengrass_sim.workers.launch import Launch

TOO_LARGE = 413


class Requests:
    """`caller` asks in the function's name, `send` sends a frame; `handlers` serve the frames."""

    def __init__(
        self, launch: Launch, caller: Caller, send: Callable[[Kind, dict[str, Any], bytes], None]
    ) -> None:
        self._caller = caller
        self._send = send
        self._log = logging.getLogger(f"worker.{launch.name}")
        self._output = logging.getLogger(f"function.{launch.name}")
        self._calls: set[asyncio.Task[None]] = set()
        self.handlers = {
            Kind.PUBLISH: self._on_publish,
            Kind.REFUSED: self._on_refused,
            Kind.CALL: self._on_call,
            Kind.LOG: self._on_log,
        }

    def cancel(self) -> None:
        """The process has ended: nobody waits for answers any more."""
        for task in self._calls:
            task.cancel()

    def _of(self, identity: str | None) -> Caller:
        """What comes after its event has ended, from another thread, belongs to none."""
        work = self._caller.current()
        return self._caller if work is not None and work.id == identity else self._caller.outside

    def _on_publish(self, frame: Frame) -> None:
        with suppress(Refusal):
            self._of(frame.header["id"]).publish(frame.header["topic"], frame.payload)

    def _on_refused(self, frame: Frame) -> None:
        self._log.warning("publish to %r refused: %s", frame.header["topic"], frame.header["reason"])

    def _on_call(self, frame: Frame) -> None:
        task = asyncio.get_running_loop().create_task(self._call(frame))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _call(self, frame: Frame) -> None:
        header, payload = frame.header, b""
        answer: dict[str, Any] = {"call": header["call"]}
        try:
            caller = self._of(header["id"])
            reply = await caller.call(header["arn"], frame.payload, header["context"], header["wait"])
            payload, answer["error"] = reply.payload, reply.error
        except Refusal as refusal:
            answer |= {"status": refusal.status, "reason": refusal.reason}
        try:
            self._send(Kind.ANSWER, answer, payload)
        except FrameError as error:
            self._send(Kind.ANSWER, {**answer, "status": TOO_LARGE, "reason": str(error)}, b"")

    def _on_log(self, frame: Frame) -> None:
        header = frame.header
        self._output.log(header["level"], "%s", header["text"], extra={"place": header["place"]})
