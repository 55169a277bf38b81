"""Counters and histograms of what happens in the core, in the text format of Prometheus (version 0.0.4)."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from greengrass_sim.watch.stream import Event
from greengrass_sim.watch.text import short

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MAX_OPEN = 10_000

Labels = tuple[tuple[str, str], ...]

# name without the prefix -> type, help
_FAMILIES = {
    "messages_total": ("counter", "Messages published, by their source."),
    "messages_refused_total": ("counter", "Messages that went nowhere, by their source."),
    "messages_dropped_total": ("counter", "Messages that one of their targets did not take."),
    "invocations_total": ("counter", "Events that handlers have finished, by outcome (ok, error)."),
    "worker_ends_total": ("counter", "Worker processes that have ended."),
    "queue_seconds": ("histogram", "How long events waited for a worker."),
    "handler_seconds": ("histogram", "How long handlers took."),
    "delivery_seconds": ("histogram", "From when a message was published until its target was done with it."),
    "waiting": ("gauge", "Events that wait for a worker."),
    "workers": ("gauge", "Worker processes that run."),
    "start_time_seconds": ("gauge", "When the core started, in seconds since 1970."),
}
_PREFIX = "greengrass_sim_"


@dataclass
class _Histogram:
    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.total += seconds

    def samples(self, labels: Labels) -> Iterator[tuple[str, Labels, float]]:
        running = 0
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), self.counts, strict=True):
            running += count
            yield "_bucket", (*labels, ("le", bound)), running
        yield "_sum", labels, self.total
        yield "_count", labels, running


class Metrics:
    """A sink of events, see `Watch.attach`."""

    def __init__(self) -> None:
        self._counters: dict[str, Counter[Labels]] = {}
        self._histograms: dict[str, dict[Labels, _Histogram]] = {}
        self._begun: OrderedDict[Any, float] = OrderedDict()

    def __call__(self, event: Event) -> None:
        take = getattr(self, f"_on_{event['event']}", None)
        if take is not None:
            take(event)

    def text(self, status: dict[str, Any]) -> str:
        """All that was counted, and what `status` says of this moment."""
        families = {
            **{name: _counted(rows) for name, rows in self._counters.items()},
            **{name: _binned(rows) for name, rows in self._histograms.items()},
            **_gauges(status),
        }
        lines: list[str] = []
        for name, (kind, text) in _FAMILIES.items():
            lines += [f"# HELP {_PREFIX}{name} {text}", f"# TYPE {_PREFIX}{name} {kind}"]
            for suffix, labels, value in families.get(name, ()):
                lines.append(f"{_PREFIX}{name}{suffix}{_written(labels)} {value}")
        return "\n".join(lines) + "\n"

    def _on_message(self, event: Event) -> None:
        self._count("messages_total", source=event["source"])
        if event["refused"]:
            self._count("messages_refused_total", source=event["source"])
        for target in event["targets"]:
            self._begin((event["number"], target), event)

    def _on_dropped(self, event: Event) -> None:
        self._count("messages_dropped_total", target=event["target"])
        self._begun.pop((event["message"], event["target"]), None)

    def _on_done(self, event: Event) -> None:
        self._end((event["message"], event["target"]), event, "delivery_seconds", target=event["target"])

    def _on_queued(self, event: Event) -> None:
        self._begin(("queue", event["work"]), event)

    def _on_started(self, event: Event) -> None:
        self._end(("queue", event["work"]), event, "queue_seconds", function=event["function"])
        self._begin(("handler", event["work"]), event)

    def _on_finished(self, event: Event) -> None:
        outcome = "error" if event["error"] else "ok"
        self._count("invocations_total", function=event["function"], outcome=outcome)
        self._end(("handler", event["work"]), event, "handler_seconds", function=event["function"])

    def _on_worker(self, event: Event) -> None:
        if event["state"] == "ended":
            self._count("worker_ends_total", function=event["function"])

    def _count(self, name: str, **labels: str) -> None:
        self._counters.setdefault(name, Counter())[_labels(labels)] += 1

    def _begin(self, key: Any, event: Event) -> None:
        self._begun[key] = event["at"]
        if len(self._begun) > MAX_OPEN:
            self._begun.popitem(last=False)

    def _end(self, key: Any, event: Event, name: str, **labels: str) -> None:
        begun = self._begun.pop(key, None)
        if begun is not None:
            rows = self._histograms.setdefault(name, {})
            rows.setdefault(_labels(labels), _Histogram()).add(max(0.0, event["at"] - begun))


def _labels(given: dict[str, str]) -> Labels:
    return tuple((name, short(value)) for name, value in given.items())


def _counted(rows: Counter[Labels]) -> Iterator[tuple[str, Labels, float]]:
    return (("", labels, count) for labels, count in rows.items())


def _binned(rows: dict[Labels, _Histogram]) -> Iterator[tuple[str, Labels, float]]:
    return (sample for labels, row in rows.items() for sample in row.samples(labels))


def _gauges(status: dict[str, Any]) -> dict[str, Iterable[tuple[str, Labels, float]]]:
    named = [((("function", one["name"]),), one) for one in status["functions"]]
    return {
        "waiting": [("", labels, one["waiting"]) for labels, one in named],
        "workers": [("", labels, len(one["pids"])) for labels, one in named],
        "start_time_seconds": [("", (), status["since"])],
    }


def _written(labels: Labels) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in labels)
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
