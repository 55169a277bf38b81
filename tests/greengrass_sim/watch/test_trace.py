"""From events to what became of a message."""

from __future__ import annotations

from typing import Any

from greengrass_sim.watch.text import describe, short, step
from greengrass_sim.watch.trace import MAX_OPEN, Trace, Traces

ECHO = "arn:aws:lambda:eu-central-1:123456789012:function:echo:1"
LAMP = "arn:aws:iot:eu-central-1:123456789012:thing/lamp"


def message(number: int, at: float, *targets: str, **changes: Any) -> dict[str, Any]:
    return {
        "event": "message", "number": number, "at": at, "source": "cloud", "topic": "request/x",
        "payload": "hello", "subscriptions": ["s"], "targets": list(targets), "parent": "", "refused": None,
        **changes,
    }  # fmt: skip


def event(kind: str, at: float, **details: Any) -> dict[str, Any]:
    return {"event": kind, "at": at, **details}


HANDLED = [
    message(1, 10.0, ECHO),
    event("queued", 10.001, work="w", function=ECHO, message=1),
    event("started", 10.003, work="w", function=ECHO, attempt=1),
    message(2, 10.004, "cloud", source=ECHO, topic="answer/x", parent="w", payload="hi"),
    event("finished", 10.006, work="w", function=ECHO, error=None),
    event("done", 10.007, message=2, target="cloud"),
    event("done", 10.008, message=1, target=ECHO),
]


def traced(events: list[dict[str, Any]], traces: Traces | None = None) -> list[Trace]:
    traces = traces or Traces()
    return [trace for one in events for trace in traces.take(one)]


def test_a_message_its_handler_and_what_that_published() -> None:
    (trace,) = traced(HANDLED)
    (leg,) = trace.legs.values()
    assert leg.times_ms == {"queue": 3.0, "handler": 3.0, "publish": 2.0}
    assert trace.total_ms == 8.0
    (answer,) = leg.published
    assert answer.legs["cloud"].times_ms == {"publish": 3.0}
    assert list(describe(trace)) == [
        "00:00:10.000 request/x from cloud, 5 bytes",
        "  -> echo: queue 3.0 ms, handler 3.0 ms, publish 2.0 ms",
        "     answer/x from echo, 2 bytes",
        "       -> cloud: publish 3.0 ms",
    ]
    shown = trace.as_json()
    assert (shown["topic"], shown["ms"]) == ("request/x", 8.0)
    assert shown["targets"][0]["published"][0]["topic"] == "answer/x"


def test_it_ends_with_the_last_target() -> None:
    events = [
        message(1, 1.0, ECHO, LAMP),
        event("done", 1.1, message=1, target=LAMP),
        event("dropped", 1.2, message=1, target=ECHO, reason="its queue is full"),
    ]
    traces = Traces()
    assert traced(events[:2], traces) == []
    (trace,) = traced(events[2:], traces)
    assert list(describe(trace))[1:] == [
        "  -> echo: dropped, its queue is full",
        "  -> lamp: publish 100.0 ms",
    ]


def test_what_goes_nowhere_ends_at_once() -> None:
    (trace,) = traced([message(1, 1.0, refused="No subscription exists")])
    assert list(describe(trace))[1:] == ["  nowhere: No subscription exists"]


def test_a_failure_and_a_second_attempt() -> None:
    events = [
        *HANDLED[:3],
        event("started", 11.0, work="w", function=ECHO, attempt=2),
        event("finished", 11.5, work="w", function=ECHO, error="ValueError: no"),
        event("done", 11.5, message=1, target=ECHO),
    ]
    (trace,) = traced(events)
    line = list(describe(trace))[1]
    assert (
        line
        == "  -> echo: queue 3.0 ms, handler 1497.0 ms, publish 0.0 ms, attempt 2; failed: ValueError: no"
    )


def test_a_call() -> None:
    events = [
        event("queued", 1.0, work="w", function=ECHO, caller=ECHO, payload="12"),
        event("started", 1.001, work="w", function=ECHO, attempt=1),
        message(3, 1.002, "cloud", source=ECHO, topic="answer/x", parent="w"),
        event("done", 1.003, message=3, target="cloud"),
        event("finished", 1.004, work="w", function=ECHO, error=None),
    ]
    (trace,) = traced(events)
    assert list(describe(trace)) == [
        "00:00:01.000 call from echo, 2 bytes",
        "  -> echo: queue 1.0 ms, handler 3.0 ms, publish 0.0 ms",
        "     answer/x from echo, 5 bytes",
        "       -> cloud: publish 1.0 ms",
    ]


def test_what_began_before_is_not_followed() -> None:
    assert traced(HANDLED[1:3] + HANDLED[4:]) == []


def test_messages_that_never_end_are_forgotten() -> None:
    traces = Traces()
    assert traced([message(number, 1.0, ECHO) for number in range(1, MAX_OPEN + 2)], traces) == []
    assert traced([event("done", 2.0, message=1, target=ECHO)], traces) == []
    assert len(traced([event("done", 2.0, message=2, target=ECHO)], traces)) == 1


def test_steps_are_one_line_each() -> None:
    assert step(HANDLED[0]) == (
        "00:00:10.000 message  number=1 source=cloud topic=request/x subscriptions=s targets=echo bytes=5"
    )
    assert step(HANDLED[2]) == "00:00:10.003 started  work=w function=echo attempt=1"


def test_names() -> None:
    assert [short(one) for one in (ECHO, LAMP, "cloud", "GGShadowService")] == [
        "echo", "lamp", "cloud", "GGShadowService",
    ]  # fmt: skip
