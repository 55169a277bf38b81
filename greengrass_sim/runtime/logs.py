"""What a handler prints and logs, sent to the core line by line with the place that wrote it."""

from __future__ import annotations

import io
import logging
import os
import sys
from contextlib import suppress
from threading import RLock
from typing import Any

from greengrass_sim.runtime.ipc import Kind
from greengrass_sim.runtime.link import Link


class LogStream(io.TextIOBase):
    """Stands for `sys.stdout` or `sys.stderr`; what goes to the file descriptor itself bypasses it."""

    encoding = "utf-8"

    def __init__(self, core: Link, level: int, raw: Any) -> None:
        self._core = core
        self._level = level
        self._raw = raw
        self._rest = self._place = ""
        self._lock = RLock()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._raw.fileno())

    @property
    def buffer(self) -> Any:
        return self._raw.buffer

    def write(self, text: str) -> int:
        if not self._core.is_ours:
            return int(self._raw.write(text))
        caller = sys._getframe(1)
        with self._lock:
            self._place = f"{caller.f_code.co_filename.rpartition(os.sep)[2]}:{caller.f_lineno}"
            *lines, self._rest = (self._rest + text).split("\n")
            for line in lines:
                send(self._core, self._level, self._place, line)
        return len(text)

    def flush(self) -> None:
        """Sends what has no end of line yet; lines went at once."""
        with self._lock:
            if self._rest:
                send(self._core, self._level, self._place, self._rest)
                self._rest = ""


class LogHandler(logging.Handler):
    """For the root logger, so that `logging` needs no configuration in a handler."""

    def __init__(self, core: Link) -> None:
        super().__init__()
        self._core = core

    def emit(self, record: logging.LogRecord) -> None:
        if self._core.is_ours:
            place = f"{record.filename}:{record.lineno}"
            send(self._core, record.levelno, place, self.format(record))


def send(core: Link, level: int, place: str, text: str) -> None:
    """Never raises: a handler does not expect that from `print`."""
    with suppress(OSError, ValueError):
        core.send(Kind.LOG, {"level": level, "place": place, "text": text})


def install(core: Link, level: int) -> None:
    """Takes over the standard streams and the root logger, which passes on from `level`."""
    sys.stdout = LogStream(core, logging.INFO, sys.__stdout__)
    sys.stderr = LogStream(core, logging.WARNING, sys.__stderr__)
    root = logging.getLogger()
    root.addHandler(LogHandler(core))
    root.setLevel(level)
