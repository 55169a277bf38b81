from __future__ import annotations

import numpy as np
import onnx
import pytest

from neo_compiler.graph.prepare import prepared
from neo_compiler.verify.inputs import seeded_inputs
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.models import parse, with_weights

LOOP = """g (float[4] x, float[4] w, int64 n, bool go) => (float[4] y, float[m, 4] all) {
    y, all = Loop(n, go, x) <body = b (int64 i, bool c, float[4] v) => (bool d, float[4] u, float[4] s) {
        d = Identity(c) f = Cast<to = 1>(i) a = Mul(v, w) u = Add(a, f) s = Neg(u) }>
}"""
NESTED = """g (float[3] x, int64 n, bool go) => (float[3] y) {
    y = Loop(n, go, x) <body = b (int64 i, bool c, float[3] v) => (bool d, float[3] u) {
        d = Constant<value = bool {1}>()
        u = Loop(n, , v) <body = e (int64 j, bool g, float[3] p) => (bool h, float[3] q) {
            h = Identity(g) q = Sin(p) }>
    }>
}"""
CHOICE = """g (float[3] x, int64 n) => (float[3] y) {
    one = Constant<value_int = 1>()
    y = Loop(n, , x) <body = b (int64 i, bool c, float[3] v) => (bool d, float[3] u) {
        d = Identity(c) first = Less(i, one)
        u = If(first) <then_branch = t () => (float[3] p) { p = Exp(v) },
                       else_branch = e () => (float[3] q) { q = Neg(v) }>
    }>
}"""
SCAN = """g (float[2] h, float[3, 5, 2] x) => (float[2] y, float[2, 5] all) {
    y, all = Scan<num_scan_inputs = 1, scan_input_axes = [1], scan_input_directions = [1],
                  scan_output_axes = [1], scan_output_directions = [1],
                  body = b (float[2] v, float[3, 2] r) => (float[2] u, float[2] s) {
        m = ReduceMax<keepdims = 0, axes = [0]>(r) a = Add(v, m) u = Tanh(a) s = Neg(u) }>(h, x)
}"""
GROWS = """g (float[2] x, int64 n) => (float[m] y) {
    y = Loop(n, , x) <body = b (int64 i, bool c, float[k] v) => (bool d, float[l] u) {
        d = Identity(c) u = Concat<axis = 0>(v, x) }>
}"""
TRUE = np.array(True)
CASES = {
    "loop": (LOOP, {"w": np.full(4, 0.5), "n": np.array(3), "go": TRUE}),
    "nested": (NESTED, {"n": np.array(2), "go": TRUE}),
    "with a choice by turns": (CHOICE, {"n": np.array(3)}),
    "scan": (SCAN, {}),
    "a value that grows": (GROWS, {"n": np.array(3)}),
}
LEFT = {
    "many turns": (LOOP, {"w": np.ones(4), "n": np.array(1000), "go": TRUE}),
    "no turn": (LOOP, {"w": np.ones(4), "n": np.array(0), "go": TRUE}),
    "turns that an input tells": (LOOP, {"w": np.ones(4), "go": TRUE}),
    "never entered": (LOOP, {"w": np.ones(4), "n": np.array(3), "go": np.array(False)}),
    "a condition that is computed": (
        LOOP.replace("d = Identity(c)", "z = ReduceSum<keepdims = 0>(v) d = Less(z, z)"),
        {"w": np.ones(4), "n": np.array(3), "go": TRUE},
    ),
}


def operators(model: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in model.graph.node}


@pytest.mark.parametrize("name", CASES)
def test_turns_one_after_the_other_compute_the_same(name: str) -> None:
    body, weights = CASES[name]
    original = with_weights(parse(body), **weights)
    result = prepared(original, {})
    onnx.checker.check_model(result, full_check=True)
    assert not operators(result) & {"Loop", "Scan", "If"}
    inputs = seeded_inputs(result, 0)
    expected = Reference(original).run(inputs)
    for key, value in Reference(result).run(inputs).items():
        np.testing.assert_allclose(value, expected[key], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", LEFT)
def test_others_stay(name: str) -> None:
    body, weights = LEFT[name]
    assert "Loop" in operators(prepared(with_weights(parse(body), **weights), {}))
