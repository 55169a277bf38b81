"""Every prepared model on the GPU of this machine, against what onnxruntime computed on a CPU."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import numpy as np
import pytest

import edge_runtime
from benchmarks.gpu.cases import Case
from edge_runtime.commands.selftest import selftest

RELATIVE = 1e-3
THREADS, RUNS = 4, 5


def test_outputs(case: Case, model: edge_runtime.Model, record_property: pytest.RecordProperty) -> None:
    """The artifact's examples, whose outputs are onnxruntime's."""
    found = selftest(model)
    accuracy = model.manifest.accuracy
    record_property("model", case.name)
    record_property("reference", accuracy.reference if accuracy else "unknown")
    record_property("difference", max(row.difference for row in found))
    assert all(row.difference <= RELATIVE for row in found)


def equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    for name, expected in one.items():
        np.testing.assert_array_equal(np.asarray(other[name]), expected)


def test_a_graph_computes_what_single_launches_do(
    case: Case, feed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    results = []
    for wish in ("0", "1"):
        monkeypatch.setenv("NEO_CUDA_GRAPHS", wish)
        with edge_runtime.load(case.artifact) as model:
            for _ in range(3):
                found = model.run(feed)
            results.append(found)
    equal(*results)


def test_runs_are_repeatable_and_do_not_disturb_each_other(
    model: edge_runtime.Model, feed: dict[str, Any]
) -> None:
    """Some threads at a time, each with a session and a stream of its own."""
    expected = model.run(feed)
    together = Barrier(THREADS)

    def work(_: int) -> None:
        together.wait()
        for _ in range(RUNS):
            equal(expected, model.run(feed))

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(work, range(THREADS)))


def test_outputs_stay_on_the_device(model: edge_runtime.Model, feed: dict[str, Any]) -> None:
    expected = model.run(feed)
    equal(expected, model.run(feed, outputs="device"))
    equal(expected, model.run(feed, outputs={name: np.empty_like(array) for name, array in expected.items()}))


def test_steps_take_time(
    case: Case, model: edge_runtime.Model, feed: dict[str, Any], record_property: pytest.RecordProperty
) -> None:
    steps = model.profile(feed)
    total = sum(step.seconds for step in steps)
    record_property("model", case.name)
    record_property("device_ms", total * 1e3)
    assert total > 0


def test_a_model_opens_again_and_again(case: Case, feed: dict[str, Any]) -> None:
    for _ in range(3):
        with edge_runtime.load(case.artifact) as model:
            model.run(feed)
