from __future__ import annotations

import numpy as np

from benchmarks.work import Work, kernel_work
from neo_compiler.graph import prepare
from neo_compiler.target import find_target
from tests.neo_compiler.models import parse, with_weights

V4 = "x86-64-v4"
CONVOLUTION = """g (float[1, 16, 8, 10] x, float[32, 16, 3, 3] w, float[32] b) => (float[1, 32, 8, 10] y) {
    c = Conv<pads = [1, 1, 1, 1]>(x, w, b)
    y = Relu(c)
}"""
MATMUL = "g (float[12, 64] x, float[64, 48] w) => (float[12, 48] y) { y = MatMul(x, w) }"
GATHER = "g (int64[5] i, float[100, 16] table) => (float[5, 16] y) { y = Gather(table, i) }"
SOFTMAX = "g (float[6, 40] x) => (float[6, 40] y) { y = Softmax(x) }"


def work(text: str, **weights: tuple[int, ...]) -> dict[str, Work]:
    random = np.random.default_rng(0)
    model = with_weights(parse(text), **{name: random.random(shape) for name, shape in weights.items()})
    return kernel_work(prepare(model, {}), find_target(V4))


def test_convolution() -> None:
    rows = work(CONVOLUTION, w=(32, 16, 3, 3), b=(32,))
    (row,) = (row for name, row in rows.items() if "conv2d" in name)
    outputs = 32 * 8 * 10
    assert row.rule == "conv2d"
    assert row.flops == outputs * (2 * 16 * 3 * 3 + 2)  # bias and relu are one each
    assert row.bytes >= 4 * (16 * 8 * 10 + 32 * 16 * 9 + 32 + outputs)
    assert row.bytes <= 4 * (16 * 10 * 12 + 32 * 16 * 9 + 32 + outputs)


def test_channels_that_fill_up_a_block_count() -> None:
    rows = work(CONVOLUTION.replace("32", "20"), w=(20, 16, 3, 3), b=(20,))
    (row,) = (row for name, row in rows.items() if "conv2d" in name)
    assert row.flops == 32 * 8 * 10 * (2 * 16 * 3 * 3 + 2)


def test_matrix_product() -> None:
    rows = work(MATMUL, w=(64, 48))
    assert sum(row.flops or 0 for row in rows.values()) == 2 * 12 * 64 * 48
    assert max(row.bytes for row in rows.values()) >= 4 * (12 * 64 + 64 * 48 + 12 * 48)


def test_positions_are_no_operations() -> None:
    rows = work(GATHER, table=(100, 16))
    assert sum(row.flops or 0 for row in rows.values()) == 0
    assert max(row.bytes for row in rows.values()) == 8 * 5 + 4 * 2 * (5 * 16)  # of the table, five rows


def test_exp_has_operations() -> None:
    (row,) = work(SOFTMAX).values()
    assert row.flops is not None
    assert 6 * 40 * 10 < row.flops < 6 * 40 * 60
