"""How fast a model is on this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.manifest import TensorSpec
from edge_runtime.model import Model, load
from edge_runtime.shapes import shape_of

if TYPE_CHECKING:
    from edge_runtime.arrays import Array


@dataclass(frozen=True)
class BenchOptions:
    """After `warmup` runs, `runs` are timed, or as many as fit into `seconds` where `runs` is 0."""

    threads: int | None = None
    warmup: int = 5
    runs: int = 0
    seconds: float = 3.0


@dataclass(frozen=True)
class Timing:
    """Milliseconds of the timed runs."""

    n: int
    min: float
    median: float
    mean: float
    p90: float
    p99: float


@dataclass(frozen=True)
class KernelTime:
    """A kernel's calls in one run: how many, their milliseconds together, and their share of all kernels'."""

    kernel: str
    calls: int
    ms: float
    share: float


def timed_load(path: Path, threads: int | None, target: str | None = None) -> tuple[Model, float]:
    """The model, and the milliseconds that loading it took."""
    start = time.perf_counter()
    model = load(path, threads, target)
    return model, (time.perf_counter() - start) * 1e3


def timed_run(model: Model, inputs: Mapping[str, Any]) -> float:
    """Milliseconds of one run."""
    start = time.perf_counter()
    model.run(inputs)
    return (time.perf_counter() - start) * 1e3


def measure(model: Model, inputs: Mapping[str, Any], options: BenchOptions) -> Timing:
    """Times `model.run`, from arrays to arrays."""
    for _ in range(options.warmup):
        model.run(inputs)
    times: list[float] = []
    end = time.perf_counter() + options.seconds
    while len(times) < options.runs or (not options.runs and time.perf_counter() < end) or not times:
        times.append(timed_run(model, inputs))
    quantiles = [float(value) for value in np.percentile(times, [50, 90, 99])]
    return Timing(len(times), min(times), quantiles[0], float(np.mean(times)), *quantiles[1:])


def measure_kernels(model: Model, inputs: Mapping[str, Any], runs: int = 10) -> list[KernelTime]:
    """Time per kernel, the slowest first; each call counts with its median over the runs."""
    profiles = [model.profile(inputs) for _ in range(runs)]
    rows: dict[str, list[float]] = {}
    for steps in zip(*profiles, strict=True):
        rows.setdefault(steps[0].kernel, []).append(float(np.median([step.seconds for step in steps])) * 1e3)
    total = sum(map(sum, rows.values())) or 1.0
    kernels = [KernelTime(name, len(times), sum(times), sum(times) / total) for name, times in rows.items()]
    return sorted(kernels, key=lambda row: -row.ms)


def seeded_inputs(specs: tuple[TensorSpec, ...], sizes: Mapping[str, int] | None = None) -> dict[str, Array]:
    """Values to compute with where there are no better ones: normal floats, zeros of all other types.

    `sizes` are those of symbolic dimensions.
    """
    random = np.random.default_rng(0)
    return {
        spec.name: random.standard_normal(shape_of(spec, sizes or {})).astype(spec.dtype)
        if spec.dtype.startswith("float")
        else np.zeros(shape_of(spec, sizes or {}), spec.dtype)
        for spec in specs
    }


def busy_warning() -> str | None:
    """A sentence where other programs are likely to disturb a measurement."""
    load_average, cpus = os.getloadavg()[0], len(os.sched_getaffinity(0))
    if load_average < 0.5 * cpus:
        return None
    return f"this machine is busy (load average {load_average:.1f}, {cpus} CPUs): times will be too long"
