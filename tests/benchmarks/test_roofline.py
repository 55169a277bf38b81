from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.roofline import Peaks, measure_peaks

# The best of many products of matrices that fit into a core's cache, in GFLOP/s.
SGEMM = """
import time
import numpy as np
a, b, c = np.ones((384, 384), "f4"), np.ones((384, 384), "f4"), np.empty((384, 384), "f4")
def once():
    start = time.perf_counter()
    np.matmul(a, b, out=c)
    return time.perf_counter() - start
print(2 * 384**3 / min(once() for _ in range(200)) / 1e9)
"""


def sgemm() -> float:
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", SGEMM], env=one_thread, capture_output=True, check=True)
    return float(done.stdout)


def test_no_program_beats_the_peak() -> None:
    """A loop that spilled registers, or waited for its own results, would be slower than numpy's product."""
    peaks, product = measure_peaks(1), sgemm()
    assert peaks.gflops > 0.95 * product
    assert peaks.gflops < 5 * product
    assert list(peaks.copies) == sorted(peaks.copies)
    assert 1 < peaks.copies[-1][1] < peaks.copies[0][1] < 1000


def test_more_threads_do_more() -> None:
    one, two = measure_peaks(1), measure_peaks(2)
    assert (one.threads, two.threads) == (1, 2)
    assert 0.9 * one.gflops < two.gflops < 2.5 * one.gflops


def test_which_bandwidth_counts() -> None:
    peaks = Peaks(threads=2, gflops=100, copies=((1000, 80), (2000, 50), (9000, 20)))
    assert [peaks.gbps(count) for count in (10, 1000, 1999, 2000, 8999, 9000, 1e9)] == [
        *(80, 80, 80, 50, 50, 20, 20)
    ]
