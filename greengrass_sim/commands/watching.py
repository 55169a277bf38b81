"""The events of a running core, for the commands that follow it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from greengrass_sim.watch.client import asked
from greengrass_sim.watch.stream import Event


@contextmanager
def told(work: str | None, kinds: Sequence[str]) -> Iterator[Iterator[Event]]:
    """The events of these kinds; says on stderr when they begin, and what came too fast to be told."""
    with asked(work, do="watch", events=list(kinds)) as events:
        yield _announced(events)


def _announced(events: Iterator[Event]) -> Iterator[Event]:
    for event in events:
        if event["event"] == "watching":
            print("watching", file=sys.stderr, flush=True)
        elif event["event"] == "lost":
            print(f"{event['count']} events came too fast and are missing", file=sys.stderr, flush=True)
        else:
            yield event
