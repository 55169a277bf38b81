"""Trials in a process of their own: real kernels, among them one that crashes and one that never ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tvm
from tvm import te, tirx

from neo_compiler.target import find_target, host_target
from neo_compiler.tune.measure import Failed, Measurer, TimeUp
from neo_compiler.tune.trial import Subject

SIZE = 64
FAR = 1 << 44  # elements: no process has that much memory
ENDLESS = 1 << 50  # additions


def subject(function: tirx.PrimFunc, inputs: int = 1, washed: int = 1 << 20) -> Subject:
    return Subject(tvm.ir.save_json(function), (False,) * inputs, washed)


def doubled() -> tirx.PrimFunc:
    x = te.placeholder((SIZE, SIZE), "float32", "x")
    return te.create_prim_func([x, te.compute(x.shape, lambda i, j: x[i, j] * 2.0, "y")])


def beyond() -> tirx.PrimFunc:
    x = te.placeholder((SIZE,), "float32", "x")
    index = tirx.const(FAR, "int64")
    return te.create_prim_func([x, te.compute((SIZE,), lambda i: x[i.astype("int64") * index + index], "y")])


def endless() -> tirx.PrimFunc:
    x = te.placeholder((SIZE,), "float32", "x")
    k = te.reduce_axis((tirx.const(0, "int64"), tirx.const(ENDLESS, "int64")), "k")
    return te.create_prim_func([x, te.compute((SIZE,), lambda i: te.sum(x[(i + k) % SIZE], k), "y")])


@pytest.fixture(scope="module")
def measurer() -> Iterator[Measurer]:
    """One for several tests: a process that has ended is replaced."""
    with Measurer(host_target(), time.monotonic() + 600, limit=20) as measurer:
        yield measurer


def test_candidates_are_timed_in_turns(measurer: Measurer) -> None:
    times = measurer(subject(doubled()), ("a", "b", "c"))
    rounds, candidates = times.alone.shape
    assert rounds >= 16
    assert candidates == 3
    assert times.agree == (True, True, True)
    assert (times.alone > 0).all()
    assert (times.together is None) == (len(os.sched_getaffinity(0)) == 1)
    medians = np.median(times.alone, axis=0)  # all names stand for the same schedule
    assert medians.max() < 2 * medians.min()


def test_a_crash_is_reported_and_survived(measurer: Measurer) -> None:
    with pytest.raises(Failed, match="it crashes"):
        measurer(subject(beyond()), ("a", "b"))
    assert measurer(subject(doubled()), ("a",)).agree == (True,)


def test_what_cannot_be_built_is_reported(measurer: Measurer) -> None:
    with pytest.raises(Failed, match="Error"):
        measurer(Subject("no JSON", (False,), 0), ("a",))
    assert measurer(subject(doubled()), ("a",)).agree == (True,)


def test_what_hangs_is_ended_and_survived() -> None:
    with Measurer(host_target(), time.monotonic() + 600, limit=15) as measurer:
        with pytest.raises(Failed, match="it hangs"):
            measurer(subject(endless()), ("a",))
        assert measurer(subject(doubled()), ("a",)).agree == (True,)


def test_the_time_is_kept() -> None:
    start = time.monotonic()
    with Measurer(host_target(), start + 5) as measurer:
        with pytest.raises(TimeUp):
            measurer(subject(endless()), ("a",))
        with pytest.raises(TimeUp):
            measurer(subject(doubled()), ("a",))
    assert 5 <= time.monotonic() - start < 10


def test_without_time_no_process_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.Popen", lambda *_: pytest.fail("a process was started"))
    with Measurer(host_target(), time.monotonic()) as measurer, pytest.raises(TimeUp):
        measurer(subject(doubled()), ("a",))


def test_another_target_is_measured_for() -> None:
    with Measurer(find_target("x86-64-v2"), time.monotonic() + 60) as measurer:
        assert measurer(subject(doubled()), ("a", "b")).agree == (True, True)


PARENT = """
import sys, time
from tests.neo_compiler.tune.test_measure import doubled, endless, subject
from neo_compiler.target import host_target
from neo_compiler.tune.measure import Measurer
with Measurer(host_target(), time.monotonic() + 600, limit=60) as measurer:
    measurer(subject(doubled()), ("a",))
    print(measurer.pid, flush=True)
    measurer(subject(endless()), ("a",))
"""


def test_nothing_is_left_running_where_the_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = os.pidfd_open(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    try:
        ended, _, _ = select.select([worker], [], [], 30)
        assert ended
    finally:
        os.close(worker)


def test_nothing_is_left_lying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Measurer(host_target(), time.monotonic() + 60) as measurer:
        measurer(subject(doubled()), ("a",))
        with pytest.raises(Failed):
            measurer(subject(beyond()), ("a",))
    assert list(tmp_path.iterdir()) == []
