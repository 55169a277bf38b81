from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from neo_compiler.graph.independent import Dependent, Rows, independent
from neo_compiler.graph.prepare import canonicalise
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.models import parse, with_weights

SIZE, FEWER = 5, 3

EXACT = {
    "(float[N, 4] x) => (float[N, 4] y) { y = Relu(x) }": Rows(0),
    "(float[N, 4] x, float[4] W) => (float[N, 4] y) { y = Mul(x, W) }": Rows(0),
    "(float[N, 4] x, float[4, 6] W) => (float[N, 6] y) { y = MatMul(x, W) }": Rows(0),
    "(float[N, 4] x, float[4, 6] W, float[6] B) => (float[N, 6] y) { y = Gemm(x, W, B) }": Rows(0),
    "(float[N, 3, 8, 8] x, float[2, 3, 3, 3] W) => (float[N, 2, 6, 6] y) { y = Conv(x, W) }": Rows(0),
    "(float[N, 3, 4] x) => (float[N, 4, 4] y) { t = Transpose<perm = [0, 2, 1]>(x) y = MatMul(t, x) }": Rows(
        0
    ),
    "(float[N, 3, 4] x) => (float[3, N, 4] y) { y = Transpose<perm = [1, 0, 2]>(x) }": Rows(1),
    "(float[N, 3, 4] x) => (float[N, 3] y) { y = ReduceMean<axes = [2], keepdims = 0>(x) }": Rows(0),
    "(float[3, N, 4] x) => (float[N, 4] y) { y = ReduceMax<axes = [0], keepdims = 0>(x) }": Rows(0),
    "(float[N, 4] x) => (float[N, 4] y) { y = Softmax<axis = 1>(x) }": Rows(0),
    "(float[N, 2, 3] x) => (float[M, 3] y) "
    "{ s = Constant<value = int64[2] {-1, 3}>() y = Reshape(x, s) }": Rows(0, 2),
    "(float[N, 2, 3] x) => (float[N, 6] y) { y = Flatten(x) }": Rows(0),
    "(float[N, 2] x) => (float[N, 4] y) { y = Concat<axis = 1>(x, x) }": Rows(0),
    "(int64[N, 2] x, float[9, 4] W) => (float[N, 2, 4] y) { y = Gather(W, x) }": Rows(0),
    "(float[2, N, 4] x) => (float[2, 3, N, 4] y) "
    "{ u = Constant<value = int64[1] {1}>() v = Unsqueeze(x, u) y = Concat<axis = 1>(v, v, v) }": Rows(2),
    "(float[N, 4] x) => (int64[N] y) { y = ArgMax<axis = 1, keepdims = 0>(x) }": Rows(0),
}

MIXED = {
    "(float[N, 4] x) => (float[4] y) "
    "{ a = Constant<value = int64[1] {0}>() y = ReduceSum<keepdims = 0>(x, a) }": "ReduceSum .*along",
    "(float[N, 4] x) => (float[N, 4] y) { y = Softmax<axis = 0>(x) }": "Softmax .*along the batch",
    "(float[N, 4] x) => (float[M, 4] y) { y = Concat<axis = 0>(x, x) }": "Concat .*along the batch",
    "(float[N, 4] x) => (float[4, 4] y) { t = Transpose(x) y = MatMul(t, x) }": "sums over the batch",
    "(float[N, 4] x) => (float[N, M] y) { t = Transpose(x) y = MatMul(x, t) }": "MatMul .*different rows",
    "(float[N, 4] x) => (float[4, N] y) "
    "{ s = Constant<value = int64[2] {4, -1}>() y = Reshape(x, s) }": "Reshape .*takes the batch apart",
    "(float[N, 4] x, float[5, 4] W) => (float[N, 4] y) { y = Add(x, W) }": "Add .*other values for each row",
    "(float[N, 4] x) => (float[N, 4] y) { a = Constant<value = int64 {0}>() y = CumSum(x, a) }": "CumSum",
    "(float[N, 4] x) => (uint8[N, 4] y, float s, uint8 z) { y, s, z = DynamicQuantizeLinear(x) }": "Dynamic",
    "(float[N, N] x) => (float[N, N] y) { t = Transpose(x) y = Add(x, t) }": "Add .*different rows",
}


def graph(body: str, size: int) -> ir.Model:
    model = parse(f"g {body}")
    random = np.random.default_rng(0)
    weights = [value for value in model.graph.input if value.name.isupper()]
    drawn = {
        value.name: random.standard_normal([row.dim_value for row in value.type.tensor_type.shape.dim])
        for value in weights
    }
    model = with_weights(model, **drawn)
    shapes = {
        value.name: tuple(row.dim_value or size for row in value.type.tensor_type.shape.dim)
        for value in model.graph.input
    }
    return canonicalise(model, shapes)


def axis(body: str) -> int:
    return body[body.index("[") + 1 : body.index("]")].replace(" ", "").split(",").index("N")


@pytest.mark.parametrize("body", EXACT)
def test_rows_are_followed_and_more_of_them_change_no_other(body: str) -> None:
    found = independent(graph(body, SIZE), {"x": axis(body)}, SIZE)["y"]
    assert found == EXACT[body]
    random = np.random.default_rng(1)
    many = {}
    for value in graph(body, SIZE).graph.inputs:
        shape = tuple(value.shape.numpy()) if value.shape is not None else ()
        floats = value.dtype is not None and value.dtype.is_floating_point()
        many[str(value.name)] = random.standard_normal(shape) if floats else random.integers(0, 9, shape)
        many[str(value.name)] = many[str(value.name)].astype(value.dtype.numpy() if value.dtype else "f4")
    few = {name: value.take(range(FEWER), axis(body)) for name, value in many.items()}
    whole = Reference(ir.to_proto(graph(body, SIZE))).run(many)["y"]
    exact = Reference(ir.to_proto(graph(body, FEWER))).run(few)["y"]
    np.testing.assert_allclose(whole.take(range(FEWER * found.factor), found.axis), exact, rtol=1e-6)


@pytest.mark.parametrize("body", MIXED)
def test_what_mixes_rows_is_refused_by_name(body: str) -> None:
    with pytest.raises(Dependent, match=MIXED[body]):
        independent(graph(body, SIZE), {"x": axis(body)}, SIZE)


def test_what_reads_no_row_is_the_same_for_all() -> None:
    body = "(float[N, 4] x, float[4] z) => (float[N, 4] y, float[4] c) { y = Relu(x) c = Exp(z) }"
    found = independent(graph(body, SIZE), {"x": 0}, SIZE)
    assert found == {"y": Rows(0), "c": None}
