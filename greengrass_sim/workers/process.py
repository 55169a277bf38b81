"""One life of a worker's process: started, spoken to in frames, its output turned into log lines, ended."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import greengrass_sim
from greengrass_sim.runtime.ipc import Decoder, Frame, FrameError, Kind, encode
from greengrass_sim.workers.launch import Launch

ABORT_S = 1.0
DRAIN_S = 1.0
_LONGEST_LINE = 1 << 16
_PACKAGE = Path(greengrass_sim.__file__).parent
# Runs what belongs to us, whatever else is installed under our name. What stands beside our package, such
# as numpy for another version of Python, is left out of the path.
_BOOTSTRAP = f"""import sys; sys.path[:sys.path[:1] == [""]] = [{str(_PACKAGE.parent)!r}]
from greengrass_sim.runtime.worker import main; del sys.path[0]; main()"""


class WorkerProcess(asyncio.SubprocessProtocol):
    """`on_frame` gets what the worker sends; `on_end` is called once, with the reason, after the last."""

    def __init__(
        self, launch: Launch, on_frame: Callable[[Frame], None], on_end: Callable[[str], None]
    ) -> None:
        self._launch = launch
        self._on_frame = on_frame
        self._on_end = on_end
        self._log = logging.getLogger(f"function.{launch.name}")
        self._lines: dict[int, bytes] = {1: b"", 2: b""}
        self._process: asyncio.SubprocessTransport | None = None
        self._channel: asyncio.Transport | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._exited = self._ended = False

    async def start(self) -> None:
        """Starts the process and sends it what it has to know; OSError when that is not possible."""
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with theirs:
            command = (self._launch.interpreter, "-c", _BOOTSTRAP, str(theirs.fileno()))
            try:
                self._process, _ = await loop.subprocess_exec(
                    lambda: self,
                    *command,
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    cwd=self._launch.code,
                    env=self._launch.environment,
                    start_new_session=True,
                    **_credentials(self._launch),
                )
            except OSError:
                ours.close()
                raise
        channel, _ = await loop.create_unix_connection(lambda: _Channel(self), sock=ours)
        self._channel = channel
        self.send(Kind.START, self._launch.start_header())

    @property
    def pid(self) -> int | None:
        return self._process.get_pid() if self._process else None

    def send(self, kind: Kind, header: dict[str, Any], payload: bytes = b"") -> None:
        """Sends one frame; what is sent to a process that has gone is lost."""
        if self._channel is not None:
            self._channel.write(encode(kind, header, payload))

    def finish(self) -> None:
        """Lets the worker end what it is doing, then exit."""
        if self._channel is not None:
            self._channel.write_eof()

    def abort(self) -> None:
        """Ends the process after it has shown where it hangs."""
        self._signal(os.kill, signal.SIGABRT)
        self._timers.append(asyncio.get_running_loop().call_later(ABORT_S, self.kill))

    def kill(self) -> None:
        """Ends the process and those that it has started."""
        self._signal(os.killpg, signal.SIGKILL)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        *lines, rest = (self._lines[fd] + data).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        self._lines[fd] = rest
        for line in lines:
            self._show(fd, line)

    def process_exited(self) -> None:
        self._exited = True
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
        if self._exited:
            self._end()
        else:  # it is about to exit; a signal now would race with the one who waits for it
            self._timers.append(asyncio.get_running_loop().call_later(ABORT_S, self.kill))

    def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        for timer in self._timers:
            timer.cancel()
        for fd, rest in self._lines.items():
            if rest:
                self._show(fd, rest)
        code = self._process.get_returncode() if self._process else None
        if self._process:
            self._process.close()
        self._on_end(_reason(code))

    def _show(self, fd: int, line: bytes) -> None:
        self._log.log(
            logging.INFO if fd == 1 else logging.WARNING, "%s", line.decode(errors="backslashreplace")
        )

    def _signal(self, send: Callable[[int, int], None], number: signal.Signals) -> None:
        """Not through the transport: that would take the exit status from the one who waits for it."""
        if self._process is not None and not self._exited:
            with suppress(ProcessLookupError):
                send(self._process.get_pid(), number)


class _Channel(asyncio.Protocol):
    """The connection to the process."""

    def __init__(self, owner: WorkerProcess) -> None:
        self._owner = owner
        self._decoder = Decoder()

    def data_received(self, data: bytes) -> None:
        self._owner.received(self._decoder, data)

    def connection_lost(self, _: Exception | None) -> None:
        self._owner.channel_lost()


def _credentials(launch: Launch) -> dict[str, Any]:
    """To start the process as another user, who gets none of our supplementary groups."""
    wanted = {"user": launch.user, "group": launch.group}
    given = {name: number for name, number in wanted.items() if number is not None}
    return {**given, "extra_groups": []} if given else {}


def _reason(code: int | None) -> str:
    if code is None:
        return "it did not start"
    if code >= 0:
        return f"it exited with status {code}"
    return f"it was ended by {signal.Signals(-code).name}"
