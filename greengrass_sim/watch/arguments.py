"""The command line of the commands that watch a running core; it imports nothing heavy."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable

from greengrass_sim.commands.client_options import add_client_arguments
from greengrass_sim.commands.numbers import real, whole

Add = Callable[[str, str], ArgumentParser]

_SECONDS = real("number of seconds")


def add_watch_commands(add: Add) -> None:
    """`add` makes the parser of a command, by its name and what it does."""
    _add_status(add)
    _add_logs(add)
    _add_trace(add)
    _add_record(add)
    _add_replay(add)


def _add_status(add: Add) -> None:
    status = add("status", "show what a running core does")
    status.add_argument("--json", action="store_true", help="one JSON object")
    _add_work(status)


def _add_logs(add: Add) -> None:
    logs = add("logs", "show the latest log lines of a running core")
    logs.add_argument("function", nargs="?", metavar="FUNCTION", help="only those of this function")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until interrupted")
    logs.add_argument("-n", "--lines", type=whole(0), default=100, metavar="N", help="default: %(default)s")
    _add_work(logs)


def _add_trace(add: Add) -> None:
    trace = add("trace", "show each message: where it went, what handled it, how long that took, why not")
    trace.add_argument("topic", nargs="?", metavar="FILTER", help="only these topics; default: all")
    trace.add_argument("--count", type=whole(0), metavar="N", help="end after N messages; default: never")
    trace.add_argument("--live", action="store_true", help="each step at once, instead of whole messages")
    trace.add_argument("--json", action="store_true", help="one JSON object a line")
    _add_work(trace)


def _add_record(add: Add) -> None:
    record = add("record", "write the messages that reach a running core to a file")
    record.add_argument("file", metavar="FILE")
    record.add_argument("--topic", metavar="FILTER", help="only these; default: all")
    record.add_argument("--count", type=whole(0), metavar="N", help="end after N messages; default: never")
    record.add_argument("--seconds", type=_SECONDS, metavar="S", help="end after S seconds; default: never")
    _add_work(record)


def _add_replay(add: Add) -> None:
    replay = add("replay", "publish recorded messages again, at their original times")
    replay.add_argument("file", metavar="FILE")
    replay.add_argument(
        "--speed", type=real("speed"), default=1.0, metavar="X", help="2: twice as fast; 0: at once"
    )
    replay.add_argument("--topic", metavar="FILTER", help="only these; default: all")
    add_client_arguments(replay)


def _add_work(command: ArgumentParser) -> None:
    command.add_argument(
        "--work", metavar="DIR", help="the core's, if it was started with one; default: the only one without"
    )
