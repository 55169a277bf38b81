"""Counting events, and what Prometheus reads."""

from __future__ import annotations

from typing import Any

from greengrass_sim.watch.metrics import MAX_OPEN, Metrics

ECHO = "arn:aws:lambda:eu-central-1:123456789012:function:echo:1"
STATUS: dict[str, Any] = {"since": 100.5, "functions": [{"name": "echo", "waiting": 3, "pids": [7, 8]}]}


def told(metrics: Metrics, *rows: tuple[str, float, dict[str, Any]]) -> None:
    for event, at, details in rows:
        metrics({"event": event, "at": at, **details})


def values(metrics: Metrics) -> dict[str, float]:
    """The samples by name and labels."""
    lines = metrics.text(STATUS).splitlines()
    return {name: float(value) for name, _, value in (one.rpartition(" ") for one in lines if one[0] != "#")}


def test_one_event_through_a_function() -> None:
    metrics = Metrics()
    message = {"number": 1, "source": "cloud", "targets": [ECHO], "refused": None}
    told(
        metrics,
        ("message", 1.0, message),
        ("queued", 1.0, {"work": "w", "function": ECHO, "message": 1}),
        ("started", 1.002, {"work": "w", "function": ECHO}),
        ("finished", 1.302, {"work": "w", "function": ECHO, "error": None}),
        ("done", 1.4, {"message": 1, "target": ECHO}),
    )
    found = values(metrics)
    assert found['greengrass_sim_messages_total{source="cloud"}'] == 1
    assert found['greengrass_sim_invocations_total{function="echo",outcome="ok"}'] == 1
    assert found['greengrass_sim_queue_seconds_bucket{function="echo",le="0.001"}'] == 0
    assert found['greengrass_sim_queue_seconds_bucket{function="echo",le="0.0025"}'] == 1
    assert found['greengrass_sim_queue_seconds_bucket{function="echo",le="+Inf"}'] == 1
    assert abs(found['greengrass_sim_handler_seconds_sum{function="echo"}'] - 0.3) < 1e-9
    assert found['greengrass_sim_handler_seconds_count{function="echo"}'] == 1
    assert found['greengrass_sim_delivery_seconds_bucket{target="echo",le="0.5"}'] == 1
    assert found['greengrass_sim_waiting{function="echo"}'] == 3
    assert found['greengrass_sim_workers{function="echo"}'] == 2
    assert found["greengrass_sim_start_time_seconds"] == 100.5


def test_what_goes_wrong() -> None:
    metrics = Metrics()
    nowhere = {"number": 1, "source": ECHO, "targets": [], "refused": "No subscription"}
    told(
        metrics,
        ("message", 1.0, nowhere),
        ("message", 1.0, {**nowhere, "number": 2, "targets": [ECHO], "refused": None}),
        ("dropped", 1.0, {"message": 2, "target": ECHO, "reason": "its queue is full"}),
        ("finished", 1.0, {"work": "x", "function": ECHO, "error": "ValueError"}),
        ("worker", 1.0, {"function": ECHO, "state": "ended", "reason": "it exited"}),
    )
    found = values(metrics)
    assert found['greengrass_sim_messages_refused_total{source="echo"}'] == 1
    assert found['greengrass_sim_messages_dropped_total{target="echo"}'] == 1
    assert found['greengrass_sim_invocations_total{function="echo",outcome="error"}'] == 1
    assert found['greengrass_sim_worker_ends_total{function="echo"}'] == 1


def test_every_family_says_what_it_is() -> None:
    lines = Metrics().text(STATUS).splitlines()
    helped = [line.split()[2] for line in lines if line.startswith("# HELP ")]
    typed = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert helped == typed
    assert all(name.startswith("greengrass_sim_") for name in helped)


def test_labels_are_escaped_and_what_never_ends_is_forgotten() -> None:
    metrics = Metrics()
    for number in range(MAX_OPEN + 5):
        message = {"number": number, "source": 'a"b\\c\nd', "targets": ["t"], "refused": None}
        told(metrics, ("message", 1.0, message))
    assert 'messages_total{source="a\\"b\\\\c\\nd"}' in metrics.text(STATUS)
    told(metrics, ("done", 2.0, {"message": 0, "target": "t"}))
    assert "delivery_seconds_count" not in metrics.text(STATUS)
