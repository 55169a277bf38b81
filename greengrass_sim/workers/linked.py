"""A worker's process with our Python runtime in it, spoken to in frames over a connection of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

from greengrass_sim.runtime.ipc import Decoder, FrameError, Kind, encode
from greengrass_sim.workers.process import ABORT_S, WorkerProcess, bootstrap

DRAIN_S = 1.0
_BOOTSTRAP = bootstrap("greengrass_sim.runtime.worker")


class LinkedProcess(WorkerProcess):
    """`start` sends it what it has to know."""

    _channel: asyncio.Transport | None = None

    async def start(self, environment: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            command = (self._launch.interpreter, "-c", _BOOTSTRAP, str(theirs.fileno()))
            try:
                await self._spawn(command, environment, [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        loop = asyncio.get_running_loop()
        channel, _ = await loop.create_unix_connection(lambda: _Channel(self), sock=ours)
        self._channel = channel
        self.send(Kind.START, self._launch.start_header())

    def send(self, kind: Kind, header: dict[str, Any], payload: bytes = b"") -> None:
        if self._channel is not None:
            self._channel.write(encode(kind, header, payload))

    def finish(self) -> None:
        """The connection stays whole: what is being handled may still call and be answered."""
        self.send(Kind.END, {})

    def _end_of_output(self) -> None:
        if self._channel is None:
            self._end()
        else:  # frames may still be on the way, and a process that it has forked may keep the channel open
            self._timers.append(asyncio.get_running_loop().call_later(DRAIN_S, self._channel.abort))

    def received(self, decoder: Decoder, data: bytes) -> None:
        try:
            for frame in decoder.feed(data):
                self._on_frame(frame)
        except FrameError:
            self._log.exception("the worker sent what is no frame")
            self.kill()

    def channel_lost(self) -> None:
        self._channel = None
        if self._exited and not self._open_pipes:
            self._end()
        else:  # it is about to exit; a signal now would race with the one who waits for it
            self._kill_after(ABORT_S)


class _Channel(asyncio.Protocol):
    """The connection to the process."""

    def __init__(self, owner: LinkedProcess) -> None:
        self._owner = owner
        self._decoder = Decoder()

    def data_received(self, data: bytes) -> None:
        self._owner.received(self._decoder, data)

    def connection_lost(self, _: Exception | None) -> None:
        self._owner.channel_lost()
