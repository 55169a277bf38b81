from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import machine
from benchmarks.machine import CpuTime, counted, describe, l2_bytes, load_average

STAT = "cpu  100 20 30 4000 500 6 7 8 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\nintr 1\n"


def test_describe() -> None:
    found = describe()
    assert found["cores"] == len(os.sched_getaffinity(0))
    assert found["cpu"]
    assert found["memory_bytes"] > 2**28
    assert found["date"].endswith("+00:00")
    assert load_average() >= 0


@pytest.mark.parametrize(
    ("text", "count"), [("2048K\n", 2 << 20), ("1M", 1 << 20), ("", 512 << 10), ("many", 512 << 10)]
)
def test_l2(text: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "L2_CACHE", tmp_path / "size")
    assert l2_bytes() == 512 << 10
    (tmp_path / "size").write_text(text)
    assert l2_bytes() == count


def test_busy_time_has_neither_idle_nor_waiting() -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    assert machine._busy_seconds(STAT) == pytest.approx((100 + 20 + 30 + 6 + 7 + 8) / ticks)
    assert machine._busy_seconds("intr 5\n") is None
    assert machine._busy_seconds(None) is None


def test_others() -> None:
    start = CpuTime(10.0, 100.0, 5.0)
    assert start.others(CpuTime(12.0, 104.0, 6.0)) == pytest.approx(1.5)
    assert start.others(CpuTime(12.0, 101.0, 7.0)) == 0
    assert start.others(CpuTime(12.0, None, 6.0)) is None
    assert start.others(start) is None


def test_a_busy_program_is_seen() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        try:
            start = CpuTime.now()
            time.sleep(0.5)
            others = start.others(CpuTime.now())
        finally:
            other.kill()
    assert others is not None
    assert others > 0.4


def test_our_own_work_is_not_others() -> None:
    start = CpuTime.now()
    while (end := CpuTime.now()).own < start.own + 0.1:
        pass
    assert end.wall - start.wall > 0.05
    assert start.all is not None
    assert end.all is not None
    assert start.others(end) == pytest.approx(
        max(0, (end.all - start.all - (end.own - start.own)) / (end.wall - start.wall))
    )


def test_counted() -> None:
    assert [counted(1), counted(2)] == ["1 thread", "2 threads"]
