"""One life of a worker's process: started, its output turned into log lines, ended."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import greengrass_sim
from greengrass_sim.runtime.ipc import Frame, Kind
from greengrass_sim.workers.launch import Launch

ABORT_S = 1.0
DRAIN_S = 1.0
_LONGEST_LINE = 1 << 16
_PACKAGE = Path(greengrass_sim.__file__).parent


class WorkerProcess(asyncio.SubprocessProtocol, ABC):
    """`on_frame` gets what the worker says; `on_end` is called once, with the reason, after the last.

    Subclasses decide how the process gets its events and tells how they ended.
    """

    def __init__(
        self, launch: Launch, on_frame: Callable[[Frame], None], on_end: Callable[[str], None]
    ) -> None:
        self._launch = launch
        self._on_frame = on_frame
        self._on_end = on_end
        self._log = logging.getLogger(f"function.{launch.name}")
        self._lines: dict[int, bytes] = {1: b"", 2: b""}
        self._process: asyncio.SubprocessTransport | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._open_pipes = {1, 2}
        self._exited = self._ended = False

    @abstractmethod
    async def start(self, environment: Mapping[str, str]) -> None:
        """Starts the process with these variables beside its own; OSError when that is not possible."""

    @abstractmethod
    def send(self, kind: Kind, header: dict[str, Any], payload: bytes = b"") -> None:
        """Tells the worker something; what is sent to a process that has gone is lost."""

    @abstractmethod
    def finish(self) -> None:
        """Lets the worker end what it was given, then exit."""

    @property
    def pid(self) -> int | None:
        return self._process.get_pid() if self._process else None

    def abort(self) -> None:
        """Ends the process after it has shown where it hangs."""
        self._signal(os.kill, signal.SIGABRT)
        self._kill_after(ABORT_S)

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

    def pipe_connection_lost(self, fd: int, _: Exception | None) -> None:
        self._open_pipes.discard(fd)
        if self._exited and not self._open_pipes:
            self._end_of_output()

    def process_exited(self) -> None:
        self._exited = True
        if (
            self._open_pipes
        ):  # its last words are still on the way, unless a process that it has started holds on
            self._timers.append(asyncio.get_running_loop().call_later(DRAIN_S, self._end_of_output))
        else:
            self._end_of_output()

    def _end_of_output(self) -> None:
        """The process has ended, and what it wrote has been read."""
        self._end()

    async def _spawn(
        self, command: Sequence[str], environment: Mapping[str, str], pass_fds: Sequence[int] = ()
    ) -> None:
        self._process, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: self,
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=pass_fds,
            cwd=self._launch.code,
            env={**environment, **self._launch.environment},
            start_new_session=True,
            **_credentials(self._launch),
        )

    def _kill_after(self, seconds: float) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(seconds, self.kill))

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


def bootstrap(module: str) -> str:
    """Python code that runs the `main` of a module of ours, whatever else is installed under our name.

    What stands beside our package, such as numpy for another version of Python, is left out of the path.
    """
    return f"""import sys; sys.path[:sys.path[:1] == [""]] = [{str(_PACKAGE.parent)!r}]
from {module} import main; del sys.path[0]; main()"""


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
