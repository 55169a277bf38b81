"""Operators compiled for a GPU: their kernels, translated from PTX, agree with onnxruntime."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.neo_compiler.compiled import Case, check
from tests.stub_gpu.stub import Stub

TARGET = "cuda-sm_53"

CONVOLUTIONS = {
    "three by three": Case(
        "(float[1,5,9,11] x, float[7,5,3,3] W, float[7] B) => (float[1,7,9,11] y) "
        "{ c = Conv <pads = [1, 1, 1, 1]> (x, W, B) y = Relu(c) }"
    ),
    "strided": Case(
        "(float[1,3,17,13] x, float[70,3,5,3] W) => (float[1,70,7,6] y) "
        "{ y = Conv <strides = [2, 2], pads = [0, 0, 0, 0]> (x, W) }"
    ),
    "batch": Case("(float[2,6,5,5] x, float[4,6,1,1] W) => (float[2,4,5,5] y) { y = Conv(x, W) }"),
    "depthwise": Case(
        "(float[1,20,8,9] x, float[20,1,3,3] W, float[20] B) => (float[1,20,8,9] y) "
        "{ c = Conv <group = 20, pads = [1, 1, 1, 1]> (x, W, B) y = Sigmoid(c) }"
    ),
    "depthwise of whole blocks": Case(
        "(float[1,3,48,16] x, float[3,1,3,3] W) => (float[1,3,48,16] y) "
        "{ c = Conv <group = 3, pads = [1, 1, 1, 1]> (x, W) y = Relu(c) }"
    ),
    "grouped": Case(
        "(float[1,12,7,7] x, float[8,3,3,3] W) => (float[1,8,5,5] y) { y = Conv <group = 4> (x, W) }"
    ),
    "grouped, of many channels": Case(
        "(float[1,80,5,5] x, float[80,40,1,1] W, float[80] B) => (float[1,80,5,5] y) "
        "{ y = Conv <group = 2> (x, W, B) }"
    ),
    "transposed": Case(
        "(float[1,4,5,6] x, float[4,3,2,2] W) => (float[1,3,10,12] y) "
        "{ y = ConvTranspose <strides = [2, 2]> (x, W) }"
    ),
    "residual": Case(
        "(float[1,8,6,6] x, float[8,8,3,3] W) => (float[1,8,6,6] y) "
        "{ c = Conv <pads = [1, 1, 1, 1]> (x, W) s = Add(c, x) y = Relu(s) }"
    ),
}

PRODUCTS = {
    "matrix": Case("(float[33,20] x, float[20,45] W) => (float[33,45] y) { y = MatMul(x, W) }"),
    "row": Case("(float[1,70] x, float[70,130] W, float[130] B) => (float[1,130] y) { y = Gemm(x, W, B) }"),
    "batched": Case("(float[2,3,9,16] x, float[2,3,16,9] z) => (float[2,3,9,9] y) { y = MatMul(x, z) }"),
    "turned": Case("(float[4,50] x, float[30,50] W) => (float[4,30] y) { y = Gemm <transB = 1> (x, W) }"),
}

REDUCTIONS = {
    "softmax": Case("(float[3,5,70] x) => (float[3,5,70] y) { y = Softmax <axis = -1> (x) }"),
    "softmax of channels": Case("(float[2,9,11] x) => (float[2,9,11] y) { y = Softmax <axis = 1> (x) }"),
    "layer norm": Case(
        "(float[4,96] x, float[96] S, float[96] B) => (float[4,96] y) { y = LayerNormalization(x, S, B) }"
    ),
    "global mean": Case("(float[1,10,7,5] x) => (float[1,10,1,1] y) { y = GlobalAveragePool(x) }"),
    "sum of rows": Case(
        "(float[6,40] x) => (float[40] y) { axes = Constant <value_ints = [0]> () "
        "y = ReduceSum <keepdims = 0> (x, axes) }"
    ),
    "all": Case("(float[13,77] x) => (float[1,1] y) { y = ReduceMax(x) }", opset=17),
    "largest": Case("(float[5,33] x) => (int64[5,1] y) { y = ArgMax <axis = 1> (x) }", poisoned=False),
}

MOVEMENTS = {
    "max pool": Case(
        "(float[1,4,9,9] x) => (float[1,4,4,4] y) "
        "{ y = MaxPool <kernel_shape = [3, 3], strides = [2, 2]> (x) }"
    ),
    "mean pool": Case(
        "(float[1,4,8,8] x) => (float[1,4,8,8] y) "
        "{ y = AveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (x) }"
    ),
    "concat": Case("(float[1,3,5] x, float[1,4,5] z) => (float[1,7,5] y) { y = Concat <axis = 1> (x, z) }"),
    "transpose": Case("(float[2,33,20] x) => (float[20,2,33] y) { y = Transpose <perm = [2, 0, 1]> (x) }"),
    "gather": Case("(float[9,6] T, int64[2,3] i) => (float[2,3,6] y) { y = Gather(T, i) }"),
    "scatter": Case(
        "(float[8] x, float[2] u) => (float[8] y) { i = Constant <value_ints = [5, 1]> () "
        "y = ScatterElements(x, i, u) }"
    ),
    "functions": Case(
        "(float[3,7] x) => (float[3,7] y) { e = Erf(x) t = Tanh(e) p = Exp(t) l = Log(p) "
        "a = Abs(l) r = Sqrt(a) y = Pow(r, a) }",
        tolerance=1e-4,
    ),
}


@pytest.mark.parametrize(
    "family",
    [
        pytest.param(CONVOLUTIONS, id="convolutions"),
        pytest.param(PRODUCTS, id="products"),
        pytest.param(REDUCTIONS, id="reductions", marks=pytest.mark.slow),
        pytest.param(MOVEMENTS, id="movements"),
    ],
)
def test_kernels_agree_with_onnxruntime(
    family: dict[str, Case], tmp_path: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The threads of a block run in reverse: a barrier that is missing shows."""
    monkeypatch.setenv("STUB_ORDER", "1")
    check(family, tmp_path, TARGET)
