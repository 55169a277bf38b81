"""The candidates of a trial, run and timed in turns. It needs no compiler: only the library."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.arrays import aligned_empty, fixed_shape
from edge_runtime.manifest import TensorSpec
from edge_runtime.native import NativeModel, NativeSession

Array = NDArray[Any]

SECONDS = 0.5  # of timed runs on one thread, and as many on all
FEWEST, MOST = 16, 60  # rounds
SAME = 1e-4  # how far two candidates' results may lie from each other, relative to the largest magnitude
_PERIOD = 65537  # values; a prime, so that no two rows of a matrix are the same


@dataclass(frozen=True)
class Times:
    """Nanoseconds [round, candidate] on one thread, and on all CPUs where there are several.

    `agree` tells of each candidate whether it computes what the first one does.
    """

    alone: NDArray[np.float64]
    together: NDArray[np.float64] | None
    agree: tuple[bool, ...]


def race(library: Path, candidate: str, count: int) -> Times:
    """Run a trial's library; the steps of its `count` candidates have names that begin with `candidate`.

    Raises RunError where a candidate fails.
    """
    threads = len(os.sched_getaffinity(0))
    alone, agree = _rounds(library, candidate, count, 1)
    together = _rounds(library, candidate, count, threads)[0] if threads > 1 else None
    return Times(alone, together, agree)


def _rounds(
    library: Path, candidate: str, count: int, threads: int
) -> tuple[NDArray[np.float64], tuple[bool, ...]]:
    model = NativeModel(library, None, threads)
    session = model.session()
    try:
        inputs = [_values(spec) for spec in model.inputs]
        outputs = [_spoiled(spec) for spec in model.outputs]
        session.run(inputs, outputs)
        agree = _agree(outputs, count)
        timed = [n for n, name in enumerate(model.steps) if name.startswith(candidate)]
        return _timed(session, inputs, outputs)[:, timed], agree
    finally:
        session.close()
        model.close()


def _timed(session: NativeSession, inputs: list[Array], outputs: list[Array]) -> NDArray[np.float64]:
    once = sum(session.profile(inputs, outputs)) / 1e9
    rounds = int(np.clip(SECONDS / once, FEWEST, MOST))
    return np.array([session.profile(inputs, outputs) for _ in range(rounds)], np.float64)


def _agree(outputs: list[Array], count: int) -> tuple[bool, ...]:
    each = len(outputs) // count
    rows = [outputs[start : start + each] for start in range(0, len(outputs), each)]
    return tuple(all(map(_same, rows[0], row)) for row in rows)


def _same(expected: Array, found: Array) -> bool:
    if expected.dtype.kind != "f":
        return bool(np.array_equal(expected, found))
    largest = np.max(np.abs(expected), where=np.isfinite(expected), initial=0.0)
    return bool(np.allclose(found, expected, rtol=0, atol=SAME * float(largest), equal_nan=True))


def _values(spec: TensorSpec) -> Array:
    """Floats from -1 to 1 that seldom repeat; zeros of all other types, which are safe as positions."""
    array = aligned_empty(spec.dtype, fixed_shape(spec))
    if array.dtype.kind == "f":
        drawn = np.random.default_rng(0).uniform(-1, 1, _PERIOD)
        array[...] = np.resize(drawn.astype(array.dtype), array.shape)
    else:
        array[...] = np.zeros((), array.dtype)
    return array


def _spoiled(spec: TensorSpec) -> Array:
    """Memory in which an element that a candidate does not write shows."""
    array = aligned_empty(spec.dtype, fixed_shape(spec))
    array.reshape(-1).view(np.uint8)[:] = 0x7F
    return array
