"""Measuring candidates in another process: it may crash, or hang and be ended; then a new one is started."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType

from neo_compiler.package.output import remove
from neo_compiler.target import Target
from neo_compiler.tune.race import Times
from neo_compiler.tune.trial import Subject
from neo_compiler.tune.worker import Task

LIMIT = 60.0  # seconds for one kernel: many times what the slowest takes


class TimeUp(Exception):
    """The time given to tuning is over."""


class Failed(Exception):
    """A process that measured crashed or hung, or a candidate cannot be built; the text says what."""


@dataclass
class _Process:
    child: subprocess.Popen[bytes]
    connection: Connection


class Measurer:
    """Measures candidates until `deadline`, a time of `time.monotonic`; a context that ends its process."""

    def __init__(self, target: Target, deadline: float, limit: float = LIMIT) -> None:
        self._target, self._deadline, self._limit = target, deadline, limit
        self._folder = tempfile.mkdtemp(prefix="neo-tune-")
        self._process: _Process | None = None

    def __enter__(self) -> Measurer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        remove(self._folder)

    def __call__(self, subject: Subject, candidates: tuple[str, ...]) -> Times:
        """The times of the candidates. Raises TimeUp, or Failed where they cannot be measured."""
        limit = min(self._limit, self._deadline - time.monotonic())
        if limit <= 0:
            raise TimeUp
        connection = self._running().connection
        try:
            connection.send(Task(subject, candidates, self._target))
            if not connection.poll(limit):
                raise TimeoutError
            answer = connection.recv()
        except (EOFError, OSError) as error:  # among them BrokenPipeError and TimeoutError
            self._end()
            if time.monotonic() >= self._deadline:
                raise TimeUp from error
            raise Failed("it hangs" if isinstance(error, TimeoutError) else "it crashes") from error
        if isinstance(answer, str):
            raise Failed(answer)
        return answer

    @property
    def pid(self) -> int | None:
        """The process that measures; None where there is none."""
        return self._process.child.pid if self._process else None

    def _running(self) -> _Process:
        if self._process is None:
            ours, theirs = multiprocessing.Pipe()
            command = [sys.executable, "-m", "neo_compiler.tune.worker", str(theirs.fileno()), self._folder]
            # The same modules, wherever this process has them from.
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            with theirs:
                child = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, env=environment, pass_fds=[theirs.fileno()]
                )
            self._process = _Process(child, ours)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.child.kill()
            self._process.child.wait()
            self._process.connection.close()
            self._process = None
            self._tidy()

    def _tidy(self) -> None:
        for path in Path(self._folder).iterdir():
            with contextlib.suppress(OSError):
                path.unlink() if path.is_file() else remove(path)
