"""What is watched, as lines of text."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime

from greengrass_sim.watch.stream import Event
from greengrass_sim.watch.trace import Leg, Trace


def clock(at: float) -> str:
    """The time of day in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]


def short(name: str) -> str:
    """A function's or thing's name instead of its ARN."""
    parts = name.split(":")
    if name.startswith("arn:") and len(parts) > 5:
        return parts[6] if parts[2] == "lambda" and len(parts) > 6 else parts[-1].rpartition("/")[2]
    return name


def size(event: Event) -> int:
    """The bytes of a message's payload."""
    encoded = event.get("payload_base64")
    return len(base64.b64decode(encoded)) if encoded else len(event.get("payload", "").encode())


def describe(trace: Trace, indent: str = "") -> Iterator[str]:
    """A message and what became of it: a line each for it, its targets, and what their handlers published."""
    message = trace.message
    start = f"{clock(message['at'])} " if not indent else ""
    what = message["topic"] or "call"
    yield f"{indent}{start}{what} from {short(message['source'])}, {size(message)} bytes"
    if trace.refused:
        yield f"{indent}  nowhere: {trace.refused}"
    for leg in trace.legs.values():
        yield f"{indent}  -> {_leg(leg)}"
        for published in leg.published:
            yield from describe(published, indent + "     ")


def _leg(leg: Leg) -> str:
    if leg.dropped is not None:
        return f"{short(leg.target)}: dropped, {leg.dropped}"
    times = ", ".join(f"{name} {value:.1f} ms" for name, value in leg.times_ms.items())
    again = f", attempt {leg.attempts}" if leg.attempts > 1 else ""
    failed = f"; failed: {leg.error}" if leg.error else ""
    return f"{short(leg.target)}: {times}{again}{failed}"


def step(event: Event) -> str:
    """One event as one line."""
    shown = {
        name: short(value) if isinstance(value, str) else value
        for name, value in event.items()
        if name not in ("event", "at", "payload", "payload_base64") and value not in (None, "", [])
    }
    if event["event"] == "message":
        shown["bytes"] = size(event)
    details = " ".join(
        f"{name}={','.join(map(short, value)) if isinstance(value, list) else value}"
        for name, value in shown.items()
    )
    return f"{clock(event['at'])} {event['event']:<8} {details}"
