"""A worker's process with a program of any language in it, which fetches its events from the local daemon."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Mapping
from typing import Any

from greengrass_sim.invocation import Refusal
from greengrass_sim.runtime.ipc import Frame, Kind
from greengrass_sim.workers.process import WorkerProcess, bootstrap

CONFLICT = 409
_BOOTSTRAP = bootstrap("greengrass_sim.runtime.program")


class PollingProcess(WorkerProcess):
    """Events are given one at a time, the first until its result is posted: a request that breaks loses none.

    The program is ready when it says so, or asks for its first event.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._waiting: deque[Frame] = deque()
        self._asker: asyncio.Future[Frame] | None = None
        self._is_ready = self._finishing = False

    async def start(self, environment: Mapping[str, str]) -> None:
        launch = self._launch
        told = {
            "command": launch.command,
            "views": launch.views,
            "scratch": launch.scratch,
            "data_limit_kb": launch.data_limit_kb,
        }
        await self._spawn((sys.executable, "-c", _BOOTSTRAP, json.dumps(told)), environment)

    def send(self, kind: Kind, header: dict[str, Any], payload: bytes = b"") -> None:
        self._waiting.append(Frame(kind, header, payload))
        if self._asker is not None and not self._asker.done():
            self._asker.set_result(self._waiting[0])

    def finish(self) -> None:
        self._finishing = True
        self._end_when_finished()

    async def first(self) -> Frame:
        """The event to handle now; waits for one, until the program asks again."""
        self.initialized(None)
        self._turn_away("another request waits for the next event")
        if self._waiting:
            return self._waiting[0]
        self._asker = asyncio.get_running_loop().create_future()
        return await self._asker

    def finished(self, identity: str, payload: bytes, error: Mapping[str, str] | None) -> bool:
        """False when it is not the event to handle now."""
        if not self._waiting or self._waiting[0].header["id"] != identity:
            return False
        self._waiting.popleft()
        self._on_frame(Frame(Kind.RESULT, {"id": identity, **(error or {})}, payload))
        self._end_when_finished()
        return True

    def initialized(self, error: str | None) -> None:
        """What the program says first counts."""
        if self._is_ready or self._ended:
            return
        self._is_ready = True
        if error is None:
            self._on_frame(Frame(Kind.READY, {}, b""))
        else:
            self._on_frame(Frame(Kind.FAILED, {"error": error, "trace": "", "missing": None}, b""))

    def _end(self) -> None:
        self._turn_away("the worker has ended")
        super()._end()

    def _turn_away(self, reason: str) -> None:
        """What broke off, or was given up by a program with a time limit of its own, waits no more."""
        if self._asker is not None and not self._asker.done():
            self._asker.set_exception(Refusal(CONFLICT, reason))
        self._asker = None

    def _end_when_finished(self) -> None:
        if self._finishing and not self._waiting:
            self._signal(os.killpg, signal.SIGTERM)
