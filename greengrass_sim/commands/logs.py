"""`greengrass-sim logs`: the latest log lines of a running core, and those that follow."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from typing import Any

from edge_runtime.errors import ExitCode
from greengrass_sim.watch.client import asked


def run(options: Namespace) -> int:
    """Prints the lines in the layout of a core's log files; `--follow` goes on until the core ends."""
    with asked(options.work, do="logs", lines=options.lines, follow=options.follow) as answers:
        for answer in answers:
            if answer["event"] == "log" and _wanted(answer["name"], options.function):
                print(_line(answer), flush=True)
    return ExitCode.OK


def _wanted(name: str, function: str | None) -> bool:
    """What a function prints has the name `function.NAME`, what is said of its workers `worker.NAME`."""
    return function is None or name in (f"function.{function}", f"worker.{function}")


def _line(record: dict[str, Any]) -> str:
    time = datetime.fromtimestamp(record["at"], UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return f"[{time}Z][{record['level']}]-{record['name']},{record['text']}"
