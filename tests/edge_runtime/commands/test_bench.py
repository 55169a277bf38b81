from __future__ import annotations

import numpy as np
import pytest

from edge_runtime import Model, TensorSpec
from edge_runtime.commands.bench import BenchOptions, measure, measure_kernels, seeded_inputs


@pytest.mark.parametrize(("options", "runs"), [(BenchOptions(runs=7), 7), (BenchOptions(seconds=0), 1)])
def test_measure(mlp: Model, options: BenchOptions, runs: int) -> None:
    timing = measure(mlp, seeded_inputs(mlp.inputs), options)
    assert timing.n == runs
    assert 0 < timing.min <= timing.median <= timing.p90 <= timing.p99 < 1000
    assert timing.min <= timing.mean


def test_for_some_time(mlp: Model) -> None:
    assert measure(mlp, seeded_inputs(mlp.inputs), BenchOptions(seconds=0.2)).n > 20


def test_kernels(mlp: Model) -> None:
    rows = measure_kernels(mlp, seeded_inputs(mlp.inputs))
    assert sorted(row.kernel for row in rows) == ["add", "matmul", "relu"]
    assert rows[0].kernel == "matmul"
    assert [row.ms for row in rows] == sorted((row.ms for row in rows), reverse=True)
    assert sum(row.share for row in rows) == pytest.approx(1)
    assert rows[0].share == pytest.approx(rows[0].ms / sum(row.ms for row in rows))


def test_inputs() -> None:
    specs = (TensorSpec("f", "float16", (3,)), TensorSpec("i", "int64", ()), TensorSpec("b", "bool", (2, 1)))
    first, second = seeded_inputs(specs), seeded_inputs(specs)
    assert [(array.dtype.name, array.shape) for array in first.values()] == [
        (spec.dtype, spec.shape) for spec in specs
    ]
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert first["f"].any()
