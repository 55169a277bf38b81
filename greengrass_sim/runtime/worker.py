"""What runs in a worker's process, started by `greengrass_sim.workers.linked` with an inherited socket.

The first frame tells which handler to import, the others are events; they are handled one at a time, in the
order of arrival. Only the standard library and light modules are imported here, so that a worker starts fast
and the handler finds a clean process. Runs on Python 3.7 and later, whatever the core itself needs.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from greengrass_sim.runtime import limits, link, logs, views
from greengrass_sim.runtime.context import ClientContext, Context, CoreContext
from greengrass_sim.runtime.ipc import Frame, FrameError, Kind

_OURS = __file__.rpartition(os.sep)[0] + os.sep
_NOT_THE_HANDLERS = (_OURS, importlib.__file__, "<frozen ")


class Worker:
    """One function: its handler, and how events and results are written."""

    def __init__(self, core: link.Link, start: dict[str, Any]) -> None:
        self._core = core
        self._start = start
        self._binary = start["encoding"] == "binary"
        self._make_context = CoreContext if start["strict"] else Context
        core.filters, core.arn = start["filters"], start["arn"]
        self._handler: Callable[[Any, CoreContext], object] | None = None

    def load(self) -> bool:
        """Imports the handler and tells the core; False when that fails.

        The function's folder comes first on the path and our SDK last, so that what the function brings wins.
        """
        sys.path.insert(0, self._start["code"])
        sys.path.append(self._start["shims"])
        module, _, name = self._start["executable"].replace("/", ".").rpartition(".")
        try:
            self._handler = getattr(importlib.import_module(module), name)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the core reports it
            missing = error.name if isinstance(error, ModuleNotFoundError) else None
            self._core.send(Kind.FAILED, {**_described(error), "missing": missing})
            return False
        self._core.send(Kind.READY, {})
        return True

    def serve(self, frame: Frame) -> None:
        """Runs the handler on one event and reports how it ended."""
        identity = frame.header["id"]
        self._core.invocation = identity
        payload = b""
        outcome: dict[str, Any] = {"id": identity}
        try:
            payload = self._run(frame)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the core reports it
            outcome.update(_described(error))
        finally:
            self._core.invocation = None
        answer = payload if frame.header["reply"] else b""
        try:
            self._core.send(Kind.RESULT, outcome, answer)
        except FrameError as error:  # of which nothing was sent
            problem = f"the handler's answer is too large: {error}"
            self._core.send(
                Kind.RESULT, {"id": identity, "error": problem, "type": "ValueError", "trace": ""}
            )

    def _run(self, frame: Frame) -> bytes:
        assert self._handler is not None
        event = frame.payload if self._binary else self._event(frame.payload)
        given = frame.header["context"]
        client_context = None if given is None else ClientContext(*given)
        result = self._handler(event, self._make_context(self._start, frame.header["id"], client_context))
        return self._written(result)

    def _event(self, payload: bytes) -> Any:
        try:
            return json.loads(payload)
        except ValueError as error:
            raise ValueError(f"the handler was not called, the payload is not JSON: {error}") from None

    def _written(self, result: object) -> bytes:
        if not self._binary:
            try:
                return json.dumps(result).encode()
            except (TypeError, ValueError) as error:
                raise TypeError(f"the handler returned what JSON cannot hold: {error}") from None
        if result is None:
            return b""
        if isinstance(result, str):
            return result.encode()
        if isinstance(result, (bytes, bytearray)):
            return bytes(result)
        raise TypeError(f"a handler with binary encoding returns bytes or str, not {type(result).__name__}")


def _described(error: BaseException) -> dict[str, str]:
    """What happened, with a traceback that leaves out our own frames and those of the import system."""
    import traceback

    trace = traceback.TracebackException.from_exception(error)
    rows = [row for row in trace.stack if not row.filename.startswith(_NOT_THE_HANDLERS)]
    trace.stack = traceback.StackSummary.from_list(rows)
    name = type(error).__name__
    return {"error": f"{name}: {error}", "type": name, "trace": "".join(trace.format())}


def _prepare_process() -> None:
    """Ends with the core, shows where a handler hung when it is aborted, writes prints out line by line."""
    limits.end_with_core()
    faulthandler.enable(2)
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)


def main() -> None:
    import socket

    connection = socket.socket(fileno=int(sys.argv[1]))
    connection.set_inheritable(False)
    _prepare_process()
    core = link.connect(connection)
    frames = core.frames()
    for start in frames:
        remark = views.show(start.header["views"], start.header["scratch"])
        logs.install(core, start.header["log_level"])
        if remark is not None:
            sys.stderr.write(f"{remark}\n")
        limits.limit_memory(start.header["data_limit_kb"])
        worker = Worker(core, start.header)
        if worker.load():
            for frame in frames:
                worker.serve(frame)
        break
    # Timers and other threads of the handler must not keep a process that has nothing to do any more.
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
