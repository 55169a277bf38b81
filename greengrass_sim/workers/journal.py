"""What is told about one process of a function: in the log, in a core's words, and to those who watch."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from greengrass_sim.watch.stream import Watch
from greengrass_sim.workers.launch import Launch
from greengrass_sim.workers.work import Outcome, Work


class Journal:
    """`identity` is that of the process in the log."""

    def __init__(self, launch: Launch, watch: Watch, identity: str) -> None:
        self._launch = launch
        self._watch = watch
        self._identity = identity
        self._log = logging.getLogger(f"worker.{launch.name}")
        self._output = logging.getLogger(f"function.{launch.name}")

    def ready(self, pid: int | None) -> None:
        self._log.debug("the handler is imported, process %s", pid)
        self._tell("worker", state="ready", reason=None)

    def failed(self, error: str, trace: str, missing: str | None) -> str:
        """The handler cannot be imported; gives the error, with a hint where a package is missing."""
        where = f"for {self._launch.interpreter}, or put it into {self._launch.code}"
        hint = f"\nInstall what provides {missing!r} {where}" if missing else ""
        self._output.critical(
            'Failed to import handler function "%s" due to exception: %s\n%s%s',
            self._launch.executable,
            error,
            trace.rstrip(),
            hint,
        )
        self._output.critical("Failed to initialize Lambda runtime due to exception: %s", error)
        self._tell("worker", state="failed", reason=f"{error}{hint}")
        return f"{error}{hint}"

    def never_imported(self, seconds: float) -> str:
        """Gives the error of a handler that has not been imported for so long."""
        error = f"the handler's module is still being imported after {seconds:g} s"
        self._output.critical('Failed to import handler function "%s": %s', self._launch.executable, error)
        return error

    def consumed(self, used_kb: int) -> str:
        """The process holds more memory than it may; gives the reason for its end."""
        limit = self._launch.memory_kb
        facts = {
            "workerId": self._identity,
            "funcArn": self._launch.arn,
            "memSize": limit,
            "memUsed": used_kb,
        }
        text = "Worker consumed all allocated memory! Memory Usage (KB). %s"
        self._log.warning(text, json.dumps(facts, separators=(",", ":")))
        self._log.error("Worker is ungracefully killed.")
        return f"it used {used_kb} KB of memory, its MemorySize is {limit} KB"

    def timed_out(self, work: Work, waits_for: Sequence[str]) -> str:
        """Gives the error of an event that took too long."""
        error = f"Task timed out after {self._launch.timeout:.2f} seconds"
        if waits_for:
            error += f" while it waited for the answer of {', '.join(waits_for)}"
        self._log.error("%s on topic %r: the event is given up, the worker is ended", error, work.subject)
        return error

    def given_up(self, work: Work, reason: str) -> str:
        """Gives the error of an event over which the process has ended too often."""
        times = f" {work.attempts} times, the last time" if work.attempts > 1 else ""
        error = f"the worker ended over this event{times}: {reason}"
        self._log.error("an event on topic %r is given up: %s", work.subject, error)
        return error

    def started(self, work: Work) -> None:
        self._tell("started", work=work.id, attempt=work.attempts + 1)

    def raised(self, work: Work, outcome: Outcome) -> None:
        """The handler failed on an event."""
        self._output.error(
            "the handler failed on topic %r: %s\n%s", work.subject, outcome.error, outcome.trace
        )

    def finished(self, work: Work, outcome: Outcome) -> None:
        self._tell("finished", work=work.id, error=outcome.error)

    def ended(self, reason: str) -> None:
        self._tell("worker", state="ended", reason=reason)

    def _tell(self, event: str, **details: Any) -> None:
        if self._watch.active:
            self._watch.tell(event, function=self._launch.arn, **details)
