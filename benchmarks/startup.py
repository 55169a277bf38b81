"""What an engine costs before its second run: load time, first run and memory, in a process of its own.

    python -m benchmarks.startup ENGINE MODEL INPUTS.npz THREADS

is that process; it prints JSON.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from benchmarks.peers import ENGINES

TIMEOUT_S = 300
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Startup:
    """Milliseconds of importing, loading and the first run; the most memory (RSS) of the process in bytes."""

    import_ms: float
    load_ms: float
    first_run_ms: float
    peak_rss_bytes: float


def peak_rss() -> int:
    """The most memory in bytes that this program had.

    `getrusage` would tell more: there a process starts with what its parent had when it forked.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Engines of other makers print what they like, with C's own buffer: not among our results."""
    sys.stdout.flush()
    ours = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
    finally:
        sys.stdout.flush()
        ctypes.CDLL(None).fflush(None)
        os.dup2(ours, 1)
        os.close(ours)


def start(engine: str, model: Path, inputs: Path, threads: int) -> Startup:
    """Load and run once, here and now."""
    with np.load(inputs) as arrays:
        feed = {name: arrays[name] for name in arrays.files}
    times = [time.perf_counter()]
    ENGINES[engine].prepare()
    times.append(time.perf_counter())
    loaded = ENGINES[engine].engine(model, feed, threads)
    times.append(time.perf_counter())
    loaded.run()
    times.append(time.perf_counter())
    imported, loaded_in, ran = ((end - begin) * 1e3 for begin, end in itertools.pairwise(times))
    return Startup(imported, loaded_in, ran, peak_rss())


def measure_startup(engine: str, model: Path, inputs: Path, threads: int, repeats: int = 3) -> Startup:
    """Medians over `repeats` fresh processes. Raises EdgeError with what a process said that failed."""
    found = [_start_apart(engine, model, inputs, threads) for _ in range(repeats)]
    return Startup(
        *(statistics.median(getattr(row, field.name) for row in found) for field in fields(Startup))
    )


def _start_apart(engine: str, model: Path, inputs: Path, threads: int) -> Startup:
    from edge_runtime.errors import EdgeError  # not above: the process of a peer is to be without our runtime

    paths = [str(path.resolve()) for path in (model, inputs)]
    command = [sys.executable, "-m", "benchmarks.startup", engine, *paths, str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False, cwd=ROOT)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"]
        raise EdgeError(f"{engine} does not run {model.name} in a process of its own: {said[-1]}")
    return Startup(**json.loads(done.stdout))


def _main(engine: str, model: str, inputs: str, threads: str) -> None:
    with stdout_to_stderr():
        found = start(engine, Path(model), Path(inputs), int(threads))
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
