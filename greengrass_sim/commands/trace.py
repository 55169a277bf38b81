"""`greengrass-sim trace`: what becomes of each message of a running core."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterable, Iterator

from edge_runtime.errors import ExitCode
from greengrass_sim.commands.watching import told
from greengrass_sim.watch.selection import Selection
from greengrass_sim.watch.stream import Event
from greengrass_sim.watch.text import describe, step
from greengrass_sim.watch.trace import Traces

EVENTS = ("message", "dropped", "queued", "started", "finished", "done")


def run(options: Namespace) -> int:
    """Prints a message when all is done with it, or each step as it happens; until `--count` or SIGINT."""
    selection, left = Selection(options.topic), options.count
    lines = _steps if options.live else _messages
    with told(options.work, EVENTS) as events:
        for text, counts in lines(events, selection, options.json):
            print(text, flush=True)
            left = None if left is None else left - counts
            if left is not None and left <= 0:
                break
    return ExitCode.OK


def _steps(events: Iterable[Event], selection: Selection, as_json: bool) -> Iterator[tuple[str, bool]]:
    """The text of each event, and whether it is the begin of a message."""
    for event in events:
        if selection.event(event):
            text = json.dumps(event, ensure_ascii=False) if as_json else step(event)
            yield text, event["event"] == "message"


def _messages(events: Iterable[Event], selection: Selection, as_json: bool) -> Iterator[tuple[str, bool]]:
    traces = Traces()
    for event in events:
        for trace in traces.take(event):
            if selection.topic(trace.message["topic"]):
                lines = [json.dumps(trace.as_json(), ensure_ascii=False)] if as_json else describe(trace)
                yield "\n".join(lines), True
