"""What this machine can do at most: operations, and bytes copied, in a second.

These are the two roofs of Williams, Waterman and Patterson, "Roofline: an insightful visual performance model
for multicore architectures" (2009): a kernel is bound by one of them, whichever takes longer.
"""

from __future__ import annotations

import ctypes
import itertools
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.machine import l2_bytes
from neo_compiler.errors import NeoError
from neo_compiler.native.toolchain.zig import compile_c, run_zig

SOURCE = Path(__file__).with_suffix(".c")
FLAGS = ("-mcpu=native", "-O3")
ROUNDS = 20_000  # 2 ms: short enough to fit between the time slices of other programs
REPEATS = 100
CACHED = (1, 2, 4, 64)  # copies, in halves of the second-level cache
MEMORY_BYTES = 512 << 20  # far more than a cache that other machines use too
PIECE_BYTES = 16 << 20


@dataclass(frozen=True)
class Peaks:
    """The most that `threads` cores do together.

    `gflops`: 10^9 operations a second, a multiply-add is two. `copies`: the bytes that a copy reads and
    writes, ascending, and its bandwidth in 10^9 bytes a second; what is small stays in caches.
    """

    threads: int
    gflops: float
    copies: tuple[tuple[int, float], ...]

    def gbps(self, count: float) -> float:
        """The bandwidth for a kernel that uses `count` bytes: that of the next smaller copy."""
        fitting = [gbps for size, gbps in self.copies if size <= count]
        return fitting[-1] if fitting else self.copies[0][1]


def measure_peaks(threads: int) -> Peaks:
    """Measure this machine; takes about two seconds. Raises NeoError where the kernel does not compile."""
    with tempfile.TemporaryDirectory(prefix="neo-roofline-") as folder:
        library = _library(Path(folder))
        gflops = _best_rate(partial(_multiply_adds, library), threads)
    sizes = [*(l2_bytes() * factor // 2 for factor in CACHED), MEMORY_BYTES]
    rates = [_best_rate(partial(_copies, size), threads) / 1e9 for size in sizes]
    return Peaks(threads, gflops / 1e9, tuple(zip((size * threads for size in sizes), rates, strict=True)))


# What a thread does, again and again: it lets other threads run, and returns its operations or bytes.
Task = Callable[[], float]


def _library(folder: Path) -> ctypes.CDLL:
    built = compile_c(SOURCE, "native", folder, FLAGS)
    done = run_zig(["ld.lld", "-shared", "-o", folder / "roofline.so", built], folder)
    if done.returncode:
        raise NeoError(f"{SOURCE.name} cannot be linked:\n{done.stderr.strip()}")
    library = ctypes.CDLL(str(folder / "roofline.so"))
    library.flops_of_round.restype = ctypes.c_double
    library.multiply_add.restype = ctypes.c_float
    library.multiply_add.argtypes = (ctypes.c_size_t, ctypes.c_float, ctypes.c_float)
    return library


def _multiply_adds(library: ctypes.CDLL) -> Task:
    flops = ROUNDS * float(library.flops_of_round())

    def run() -> float:
        library.multiply_add(ROUNDS, 0.999, 0.001)
        return flops

    return run


def _copies(size: int) -> Task:
    """Copies half of `size` bytes to the other half; a piece each time where that would take long."""
    piece = min(size // 2, PIECE_BYTES)
    count = size // 2 // piece
    source, copy = np.ones((count, piece), np.uint8), np.zeros((count, piece), np.uint8)
    pieces = itertools.cycle(range(count))
    repeats = PIECE_BYTES // piece

    def run() -> float:
        number = next(pieces)
        for _ in range(repeats):
            np.copyto(copy[number], source[number])
        return 2.0 * piece * repeats

    return run


def _best_rate(make: Callable[[], Task], threads: int) -> float:
    """Operations or bytes a second of `threads` threads at once, in the best of many tries."""
    barrier = threading.Barrier(threads)

    def rate(task: Task) -> float:
        barrier.wait()
        start = time.perf_counter()
        amount = task()
        return amount / (time.perf_counter() - start)

    tasks = [make() for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        return max(sum(pool.map(rate, tasks)) for _ in range(REPEATS))
