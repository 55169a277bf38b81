"""The socket by which commands watch a running core: JSON objects, one a line, ask and answer."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from greengrass_sim.errors import StateError
from greengrass_sim.watch.address import NAME, connect, short
from greengrass_sim.watch.records import RecordBuffer
from greengrass_sim.watch.stream import Event, Watch

MAX_WAITING = 10_000

Status = Callable[[], dict[str, Any]]
Request = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class Control:
    """Listens in the work folder between `start` and `stop`.

    Requests are `{"do": "status"}`, `{"do": "watch", "events": [kinds]}` and
    `{"do": "logs", "lines": N, "follow": true}`; the latter two go on until the connection is closed.
    `requests` has what else may be asked for, by name: it takes the request and gives the answer.
    """

    def __init__(self, work: Path, watch: Watch, status: Status) -> None:
        self._path = work / NAME
        self._watch = watch
        self._status = status
        self.requests: dict[str, Request] = {}
        self._records: RecordBuffer | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Raises StateError where another core uses the folder, or no socket can be made there."""
        with suppress(OSError), connect(self._path):
            raise StateError(f"{self._path.parent}: another core is running in this work folder")
        try:
            with short(self._path) as name:
                self._server = await asyncio.start_unix_server(self._serve, name)
            self._path.chmod(0o600)
        except OSError as error:
            raise StateError(f"{self._path}: no socket can be made: {error.strerror}") from error
        self._records = RecordBuffer(self._watch)
        logging.getLogger().addHandler(self._records)

    async def stop(self) -> None:
        """Ends all connections."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._path.unlink(missing_ok=True)
        if self._records is not None:
            logging.getLogger().removeHandler(self._records)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError):
                await self._answer(json.loads(await reader.readline()), reader, writer)
        except (ValueError, KeyError, TypeError) as error:
            writer.write(_line({"error": f"no such request: {error}"}))
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(
        self, request: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        match request["do"]:
            case "status":
                writer.write(_line(self._status()))
            case "watch":
                await self._follow(set(request["events"]), reader, writer)
            case "logs":
                assert self._records is not None
                writer.writelines(_line(one) for one in self._records.latest(int(request["lines"])))
                if request["follow"]:
                    await self._follow({"log"}, reader, writer)
            case other:
                writer.write(_line(await self.requests[other](request)))
        await writer.drain()

    async def _follow(
        self, kinds: set[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Tells events until the other side closes; who reads too slowly is told how many it missed."""
        listener = _Listener(kinds)
        self._watch.attach(listener)
        writer.write(_line({"event": "watching"}))
        closed = asyncio.ensure_future(reader.read(1))
        try:
            while not closed.done():
                arrived = asyncio.ensure_future(listener.arrived.wait())
                await asyncio.wait({closed, arrived}, return_when=asyncio.FIRST_COMPLETED)
                arrived.cancel()
                writer.writelines(_line(event) for event in listener.take())
                await writer.drain()
        finally:
            closed.cancel()
            self._watch.detach(listener)


class _Listener:
    """Events that wait to be written to one connection."""

    def __init__(self, kinds: set[str]) -> None:
        self._kinds = kinds
        self._waiting: deque[Event] = deque()
        self._lost = 0
        self.arrived = asyncio.Event()

    def __call__(self, event: Event) -> None:
        if self._kinds and event["event"] not in self._kinds:
            return
        if len(self._waiting) >= MAX_WAITING:
            self._lost += 1
        else:
            self._waiting.append(event)
            self.arrived.set()

    def take(self) -> list[Event]:
        self.arrived.clear()
        taken = list(self._waiting)
        self._waiting.clear()
        if self._lost:
            taken.append({"event": "lost", "count": self._lost})
            self._lost = 0
        return taken


def _line(event: Event) -> bytes:
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False, default=str).encode() + b"\n"
