from __future__ import annotations

import pytest

from benchmarks.kernels import kernel_rows, table
from benchmarks.roofline import Peaks
from edge_runtime.commands.bench import KernelTime

PEAKS = Peaks(threads=1, gflops=100.0, copies=((1_000, 80.0), (20_000, 20.0)))
WORK = {
    "conv": {"rule": "conv2d", "flops": 1e6, "bytes": 10_000},
    "copy": {"rule": "generic", "flops": 0.0, "bytes": 20_000},
    "loop": {"rule": "unscheduled", "flops": None, "bytes": 100},
}


def test_rates() -> None:
    times = [
        KernelTime("conv", 2, 0.04, 0.8),
        KernelTime("copy", 1, 0.01, 0.19),
        KernelTime("loop", 1, 0.0005, 0.01),
    ]
    conv, copy, loop = kernel_rows(times, WORK, PEAKS)
    assert (conv.kernel, conv.rule, conv.calls, conv.ms, conv.share) == ("conv", "conv2d", 2, 0.04, 0.8)
    assert conv.gflops == pytest.approx(50)
    assert conv.of_peak == pytest.approx(0.5)
    assert conv.gbps == pytest.approx(0.5)
    assert conv.of_copy == pytest.approx(0.5 / 80)
    assert (copy.gflops, copy.of_peak) == (None, None)
    assert copy.gbps == pytest.approx(2.0)
    assert copy.of_copy == pytest.approx(0.1)
    assert loop.gflops is None


def test_a_kernel_without_time() -> None:
    (row,) = kernel_rows([KernelTime("conv", 1, 0.0, 0.0)], WORK, PEAKS)
    assert row.gflops == pytest.approx(1e6)


def test_table() -> None:
    times = [
        KernelTime(name, 1, share, share) for name, share in (("conv", 0.96), ("copy", 0.03), ("loop", 0.01))
    ]
    lines = list(table(kernel_rows(times, WORK, PEAKS), PEAKS))
    assert lines[0] == "1 thread: at most 100 GFLOP/s; copies: 80 GB/s of 0 MB, 20 GB/s of 0 MB"
    assert lines[4] == "| conv | conv2d | 1 | 0.960 | 96.0% | 1.0 | 1% | 0.0 | 0% |"
    assert lines[5] == "| 2 more |  | 2 | 0.040 | 4.0% | | | | |"
    assert {line.count("|") for line in lines[2:]} == {10}
