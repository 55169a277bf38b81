from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from neo_compiler.graph import prepare
from neo_compiler.verify.domain import Domain, input_domain
from tests.neo_compiler.models import parse, with_weights


def domain(model: onnx.ModelProto, place: int = 0) -> Domain:
    return input_domain(ir.from_proto(prepare(model, {})).graph.inputs[place])


def test_indices_stay_inside_their_table() -> None:
    body = "g (int64[1, 5] x, float[7, 3] w) => (float[1, 5, 3] y) { y = Gather<axis=0>(w, x) }"
    assert domain(with_weights(parse(body), w=np.ones((7, 3)))) == Domain(0, 6)


def test_the_smallest_of_two_tables_counts_and_casts_are_looked_through() -> None:
    body = """g (int32[5] x, float[7, 3] a, float[3, 9] b) => (float[5, 3] y, float[3, 5] z) {
        i = Cast<to=7>(x)
        y = Gather<axis=0>(a, i)
        z = Gather<axis=1>(b, i)
    }"""
    assert domain(with_weights(parse(body), a=np.ones((7, 3)), b=np.ones((3, 9)))) == Domain(0, 6)


def test_a_table_of_positions_gathered_from_does_not_bound_it() -> None:
    body = "g (float[7, 3] x, int64[2] i) => (float[2, 3] y) { y = Gather<axis=0>(x, i) }"
    assert domain(with_weights(parse(body), i=[1, 2])) == Domain()


def test_a_one_hot_by_comparison_bounds_bytes() -> None:
    body = """g (int32[1, 8, 1] x, int32[257] codes) => (float[1, 8, 257] y) {
        same = Equal(x, codes)
        y = Cast<to=1>(same)
    }"""
    assert domain(with_weights(parse(body), codes=np.arange(257, dtype=np.int32))) == Domain(0, 256)


@pytest.mark.parametrize(
    ("step", "constant", "expected"),
    [
        ("Div(x, c)", 255.0, Domain(0, 255)),
        ("Mul(x, c)", 1 / 255, Domain(0, 255)),
        ("Sub(x, c)", 127.5, Domain(0, 255)),
        ("Div(x, c)", 2.0, Domain()),
        ("Mul(x, c)", 0.5, Domain()),
        ("Sub(x, c)", 0.5, Domain()),
        ("Div(c, x)", 255.0, Domain()),
        ("Mul(x, c)", 0.0, Domain()),
    ],
)
def test_picture_arithmetic_tells_the_range_of_pixels(step: str, constant: float, expected: Domain) -> None:
    model = parse(f"g (float[1, 3, 8, 8] x, float c) => (float[1, 3, 8, 8] y) {{ y = {step} }}")
    assert domain(with_weights(model, c=constant)) == expected


def test_logarithms_want_positive_values() -> None:
    assert domain(parse("g (float[4] x) => (float[4] y) { y = Log(x) }")) == Domain(0, 1)


def test_dtypes_have_bounds_of_their_own() -> None:
    assert domain(parse("g (uint8[4] x) => (float[4] y) { y = Cast<to=1>(x) }")) == Domain(0, 255)
    assert domain(parse("g (bool[4] x) => (float[4] y) { y = Cast<to=1>(x) }")) == Domain(0, 1)


def test_other_inputs_are_free() -> None:
    assert domain(parse("g (float[4] x) => (float[4] y) { y = Relu(x) }")) == Domain()
