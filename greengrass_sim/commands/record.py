"""`greengrass-sim record`: the messages that reach a running core, in a file."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TextIO

from edge_runtime.errors import ExitCode
from greengrass_sim.arn import parse_lambda
from greengrass_sim.commands.watching import told
from greengrass_sim.errors import UsageError
from greengrass_sim.watch.recording import recorded, write_header
from greengrass_sim.watch.selection import Selection
from greengrass_sim.watch.stream import Event


class _Enough(Exception):
    """The time is over, or the user says so."""


def run(options: Namespace) -> int:
    """Ends by `--count`, `--seconds` or SIGINT; the file is there from the start, and whole at every line."""
    selection = Selection(options.topic)
    with _ends(options.seconds), told(options.work, ["message"]) as events, _created(options.file) as file:
        count, first = 0, 0.0
        with suppress(_Enough):
            for event in _from_outside(events, selection):
                count += 1
                first = first or event["at"]
                file.write(recorded(event, first).to_line() + "\n")
                file.flush()
                if count == options.count:
                    break
    print(f"{count} messages in {options.file}", file=sys.stderr)
    return ExitCode.OK


def _from_outside(events: Iterator[Event], selection: Selection) -> Iterator[Event]:
    """Only what came in: what functions publish, they publish again when it is replayed.

    The broker gives a message once for each target in the core; the first target of a topic stands for all.
    """
    chosen: dict[str, list[str]] = {}
    for event in events:
        if _is_inside(event["source"]) or not selection.topic(event["topic"]):
            continue
        if chosen.setdefault(event["topic"], event["targets"]) == event["targets"]:
            yield event


def _is_inside(source: str) -> bool:
    try:
        parse_lambda(source)
    except ValueError:
        return source == "GGShadowService"
    return True


@contextmanager
def _created(name: str) -> Iterator[TextIO]:
    try:
        file = Path(name).open("x", encoding="utf-8")  # noqa: SIM115 - closed below
    except FileExistsError:
        raise UsageError(f"{name} exists: remove it, or choose another name") from None
    except OSError as error:
        raise UsageError(f"cannot write {name}: {error.strerror}") from error
    with file:
        write_header(file)
        yield file


@contextmanager
def _ends(seconds: float | None) -> Iterator[None]:
    """SIGINT, SIGTERM and the end of the time come as _Enough."""

    def enough(_number: int, _frame: FrameType | None) -> None:
        raise _Enough

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = {number: signal.signal(number, enough) for number in numbers}
    if seconds is not None:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
