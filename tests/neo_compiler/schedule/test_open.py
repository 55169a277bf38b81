"""Code for open sizes, at every size from one to beyond the largest tiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from tvm import tirx
from tvm.sym import Analyzer
from tvm_ffi import structural_map

import edge_runtime
import neo_compiler
from neo_compiler.schedule.cpu.open.pieces import Run, last_tile, runs, single_places
from neo_compiler.verify.difference import difference
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.models import parse, save, with_weights

# Open rows, columns and depths; widths that fill vectors, half of one, and none; functions behind a product;
# reductions, also of nothing but minus infinity.
PRODUCTS = """g (float[2, n, 24] x, float[24, 10] W, float[10] B, float[24, 32] V) => (
    float[2, n, 10] narrow, float[2, n, n] scores, float[2, n, 24] context, float[2, n, 10] mixed,
    float[n, 32] wide, float[2, n] largest, float[2, n] least, float[2, n] total) {
    a = MatMul(x, W)
    b = Add(a, B)
    narrow = Sigmoid(b)
    t = Transpose<perm = [0, 2, 1]>(x)
    s = MatMul(x, t)
    scores = Tanh(s)
    p = Softmax<axis = -1>(s)
    context = MatMul(p, x)
    mixed = MatMul(p, narrow)
    zero = Constant<value = int64 {0}>()
    first = Gather<axis = 0>(x, zero)
    v = MatMul(first, V)
    w = Erf(v)
    wide = Add(v, w)
    nothing = Sub(s, s)
    bottomless = Log(nothing)
    largest = ReduceMax<axes = [-1], keepdims = 0>(bottomless)
    least = ReduceMin<axes = [-1], keepdims = 0>(s)
    last = Constant<value = int64[1] {-1}>()
    total = ReduceSum<keepdims = 0>(s, last)
}"""
MOST = 83


def products() -> onnx.ModelProto:
    random = np.random.default_rng(0)
    weights = {name: random.standard_normal(shape) for name, shape in (("W", (24, 10)), ("V", (24, 32)))}
    return with_weights(parse(PRODUCTS), **weights, B=random.standard_normal(10))


def values(n: int) -> dict[str, Any]:
    return {"x": np.random.default_rng(n).standard_normal((2, n, 24)).astype(np.float32)}


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("open")
    source = save(products(), folder)
    return neo_compiler.compile(source, output=folder / "out", dimensions={"n": f"1..{MOST}"})


@pytest.mark.parametrize("threads", [1, 2])
def test_every_size_is_right(artifact: Path, threads: int) -> None:
    reference = Reference(products())
    with edge_runtime.load(artifact, threads=threads) as model:
        assert len(model.manifest.buckets) == 1
        for n in range(1, MOST + 1):
            expected, found = reference.run(values(n)), model.run(values(n))
            wrong = {name: difference(value, found[name]) for name, value in expected.items()}
            assert max(wrong.values()) < 1e-5, (n, wrong)


def test_no_value_behind_the_last_one_counts(artifact: Path) -> None:
    """A larger run before leaves its values in the memory that a smaller one uses."""
    with edge_runtime.load(artifact, threads=1) as model:
        alone = model.run(values(17))
        model.run({"x": np.full((2, MOST, 24), 1e6, np.float32)})
        again = model.run(values(17))
    assert all(np.array_equal(value, again[name]) for name, value in alone.items())


@pytest.mark.parametrize("sizes", [(8, 4, 2, 1), (64, 16), (1,)])
def test_runs_cover_every_place(sizes: tuple[int, ...]) -> None:
    n, least = tirx.Var("n", "int64"), sizes[-1]
    for count in range(1, 150):
        found = runs(n, sizes), last_tile(n, least), single_places(n, least)
        covered = [place for run in found[0] for place in places(run, count)]
        assert covered == list(range(count // least * least))
        rest = {place for more in found[1:] for run in more for place in places(run, count)}
        assert {*covered, *rest} == set(range(count))


def places(run: Run, count: int) -> range:
    """What a run computes where the open size is `count`."""

    def at(value: tirx.PrimExpr) -> int:
        return int(
            Analyzer().simplify(structural_map(value, (tirx.Var, lambda _: tirx.const(count, "int64"))))
        )

    return range(at(run.first), at(run.first) + at(run.tiles) * run.size) if at(run.exists) else range(0)


def test_runs_that_never_exist_are_left_out() -> None:
    def constant(count: int) -> tirx.PrimExpr:
        return tirx.const(count, "int64")

    assert [run.size for run in runs(constant(10), (8, 4, 2, 1))] == [8, 2]
    assert not last_tile(constant(32), 16)
    assert not single_places(constant(32), 16)
