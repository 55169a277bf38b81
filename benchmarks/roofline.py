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
from pathlib import Path

import numpy as np

from benchmarks.machine import l2_bytes
from neo_compiler.errors import NeoError
from neo_compiler.native.zig import compile_c, run_zig

SOURCE = Path(__file__).with_suffix(".c")
FLAGS = ("-mcpu=native", "-O3")
ROUNDS = 20_000  # 2 ms: short enough to fit between the time slices of other programs
REPEATS = 100
COPY_BYTES = 256 << 20  # far more than a cache that other machines use too
PIECE_BYTES = 16 << 20


@dataclass(frozen=True)
class Peaks:
    """The most that `threads` cores do together.

    `gflops`: 10^9 operations a second, a multiply-add is two. Bandwidths of copies in 10^9 bytes a second,
    read and written ones added up: within the second-level caches, of `cache_bytes` each, and in memory.
    """

    threads: int
    gflops: float
    cache_gbps: float
    memory_gbps: float
    cache_bytes: int

    def gbps(self, count: float) -> float:
        """The bandwidth for a kernel whose tensors have `count` bytes together."""
        return self.cache_gbps if count <= self.threads * self.cache_bytes else self.memory_gbps


def measure_peaks(threads: int) -> Peaks:
    """Measure this machine; takes about a second. Raises NeoError where the kernel does not compile."""
    l2 = l2_bytes()
    with tempfile.TemporaryDirectory(prefix="neo-roofline-") as folder:
        library = _library(Path(folder))
        gflops = _best_rate(lambda: _multiply_adds(library), threads)
    cache = _best_rate(lambda: _copies(l2 // 4, l2 // 4), threads)
    memory = _best_rate(lambda: _copies(COPY_BYTES, PIECE_BYTES), threads)
    return Peaks(threads, gflops / 1e9, cache / 1e9, memory / 1e9, l2)


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


def _copies(size: int, piece: int) -> Task:
    """Copies `piece` bytes, the next of `size` each time; where that is one piece, often."""
    source, copy = np.ones((size // piece, piece), np.uint8), np.zeros((size // piece, piece), np.uint8)
    pieces = itertools.cycle(range(size // piece))
    times = max(1, PIECE_BYTES // size)

    def run() -> float:
        number = next(pieces)
        for _ in range(times):
            np.copyto(copy[number], source[number])
        return 2.0 * piece * times

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
