"""From single events to what became of a message: where it went, what handled it, and what that published."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from greengrass_sim.watch.stream import Event

MAX_OPEN = 10_000


@dataclass
class Leg:
    """A message on its way to one target; times are in seconds since 1970, None while it did not happen."""

    target: str
    given: float
    work: str | None = None
    started: float | None = None
    finished: float | None = None
    done: float | None = None
    attempts: int = 0
    error: str | None = None
    dropped: str | None = None
    published: list[Trace] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return self.done is not None or self.dropped is not None

    @property
    def times_ms(self) -> dict[str, float]:
        """Waiting for the worker, handling, publishing what came of it: milliseconds, as far as known."""
        queue_end, publish_start = self.started, self.finished if self.work else self.given
        spans = {
            "queue": (self.given, queue_end) if self.work else (None, None),
            "handler": (self.started, self.finished),
            "publish": (publish_start, self.done),
        }
        return {
            name: round((end - start) * 1000, 3)
            for name, (start, end) in spans.items()
            if start is not None and end is not None
        }

    def as_json(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "work": self.work,
            "attempts": self.attempts,
            "error": self.error,
            "dropped": self.dropped,
            "ms": self.times_ms,
            "published": [one.as_json() for one in self.published],
        }


@dataclass
class Trace:
    """A message that was published, or a call of a function, with its legs.

    `refused` tells why it went nowhere. A call is shown as a message without a topic.
    """

    message: Event
    legs: dict[str, Leg] = field(default_factory=dict)

    @property
    def refused(self) -> str | None:
        reason: str | None = self.message["refused"]
        return reason

    @property
    def ended(self) -> bool:
        return self.refused is not None or all(leg.ended for leg in self.legs.values())

    @property
    def total_ms(self) -> float:
        """From when it was published until the last target was done with it."""
        ends = [leg.done for leg in self.legs.values() if leg.done is not None]
        begin = float(self.message["at"])
        return round((max(ends, default=begin) - begin) * 1000, 3)

    def as_json(self) -> dict[str, Any]:
        names = ("number", "at", "source", "topic", "payload", "payload_base64", "subscriptions", "refused")
        shown = {name: self.message[name] for name in names if name in self.message}
        legs = [leg.as_json() for leg in self.legs.values()]
        return {**shown, "targets": legs, "ms": self.total_ms}


class Traces:
    """Takes events in their order; what began before the first of them is not followed."""

    def __init__(self) -> None:
        self._roots: OrderedDict[int | str, Trace] = OrderedDict()  # by number, or a call by its work
        self._legs: dict[tuple[int, str], Leg] = {}
        self._works: dict[str, Leg] = {}

    def take(self, event: Event) -> Iterator[Trace]:
        """The messages whose way ends with this event; what handlers publish comes inside of its message."""
        take = getattr(self, f"_on_{event['event']}", None)
        if take is None:
            return
        take(event)
        for key in (event.get("number"), event.get("message"), event.get("work")):
            if (root := self._roots.get(key or 0)) and root.ended:
                del self._roots[key or 0]
                self._forget(root)
                yield root

    def _on_message(self, event: Event) -> None:
        trace, number = Trace(event), event["number"]
        for target in event["targets"]:
            trace.legs[target] = self._legs[number, target] = Leg(target, event["at"])
        if leg := self._works.get(event["parent"]):
            leg.published.append(trace)
        else:
            self._add_root(number, trace)

    def _on_dropped(self, event: Event) -> None:
        if leg := self._legs.get((event["message"], event["target"])):
            leg.dropped = event["reason"]

    def _on_queued(self, event: Event) -> None:
        if "caller" in event:
            self._begin_call(event)
        if leg := self._legs.get((event.get("message", 0), event["function"])):
            leg.work = event["work"]
            self._works[event["work"]] = leg

    def _on_started(self, event: Event) -> None:
        if leg := self._works.get(event["work"]):
            leg.started = leg.started or event["at"]
            leg.attempts = event["attempt"]

    def _on_finished(self, event: Event) -> None:
        if leg := self._works.get(event["work"]):
            leg.finished, leg.error = event["at"], event["error"]
            if event["work"] in self._roots:
                leg.done = event["at"]  # there is nothing else to wait for

    def _on_done(self, event: Event) -> None:
        if leg := self._legs.get((event["message"], event["target"])):
            leg.done = event["at"]

    def _begin_call(self, event: Event) -> None:
        leg = Leg(event["function"], event["at"], event["work"])
        said = {"number": 0, "topic": "", "source": event["caller"], "subscriptions": [], "refused": None}
        self._works[event["work"]] = leg
        self._add_root(event["work"], Trace({**event, **said}, {leg.target: leg}))

    def _add_root(self, key: int | str, trace: Trace) -> None:
        self._roots[key] = trace
        if len(self._roots) > MAX_OPEN:
            self._forget(self._roots.popitem(last=False)[1])

    def _forget(self, trace: Trace) -> None:
        for leg in trace.legs.values():
            self._legs.pop((trace.message["number"], leg.target), None)
            if leg.work is not None:
                self._works.pop(leg.work, None)
            for one in leg.published:
                self._forget(one)
