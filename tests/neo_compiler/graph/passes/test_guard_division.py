"""Whole numbers divided by zero give zero: the CPU's answer would be the end of the process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from neo_compiler.graph.nodes import all_nodes
from neo_compiler.graph.passes.guard_division import guard_division
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.compiled import compile_onnx
from tests.neo_compiler.models import parse, with_weights

KINDS = ("int8", "uint8", "int32", "uint32", "int64")
BODY = "q{0} = Div(x{0}, y{0}) m{0} = Mod(x{0}, y{0}) f{0} = Mod<fmod = 1>(x{0}, y{0})"
INSIDE = """g (bool c, int32[2] x, int32[2] y) => (int32[2] z) {
    z = If(c) <then_branch = t () => (int32[2] q) { q = Div(x, y) },
               else_branch = e () => (int32[2] m) { m = Mod(x, y) }> }"""


def model() -> onnx.ModelProto:
    inputs = ", ".join(f"{kind}[6] x{kind}, {kind}[6] y{kind}" for kind in KINDS)
    outputs = ", ".join(f"{kind}[6] {result}{kind}" for kind in KINDS for result in "qmf")
    return parse(f"g ({inputs}) => ({outputs}) {{ {' '.join(BODY.format(kind) for kind in KINDS)} }}")


def test_compiled_code_and_the_reference_give_zero(tmp_path: Path) -> None:
    inputs, expected = {}, {}
    for kind in KINDS:
        least = np.iinfo(kind).min
        x, y = np.array([7, least, least, 0, 5, 100], kind), np.array([0, -1 if least else 1, 2, 0, 3, 0])
        inputs |= {f"x{kind}": x, f"y{kind}": y.astype(kind)}
        expected[f"q{kind}"] = np.array([0, least, least // 2, 0, 1, 0], kind)
        expected[f"m{kind}"] = expected[f"f{kind}"] = np.array([0, 0, 0, 0, 2, 0], kind)
    for found in (compile_onnx(model(), tmp_path).run(inputs), Reference(model()).run(inputs)):
        for name, value in expected.items():
            np.testing.assert_array_equal(found[name], value, name)


def test_a_constant_divisor_is_guarded_where_it_has_to_be() -> None:
    body = "g (int32[2] x, int32[2] w) => (int32[2] y) { y = Div(x, w) }"
    assert (
        guard_division(with_weights(parse(body), w=np.array([2, 3], np.int32))).graph.node[0].op_type == "Div"
    )
    zero = guard_division(with_weights(parse(body), w=np.array([2, 0], np.int32)))
    np.testing.assert_array_equal(Reference(zero).run({"x": np.array([4, 4], np.int32)})["y"], [2, 0])


def test_divisions_inside_of_branches() -> None:
    values = {"x": np.array([4, 5], np.int32), "y": np.array([0, 2], np.int32)}
    for condition, expected in ((True, [0, 2]), (False, [0, 1])):
        found = Reference(parse(INSIDE)).run({"c": np.array(condition), **values})["z"]
        np.testing.assert_array_equal(found, expected)


def test_floats_stay_as_they_are() -> None:
    plain = parse("g (float[2] x, float[2] y) => (float[2] z) { z = Div(x, y) }")
    assert [node.op_type for node in all_nodes(guard_division(plain).graph)] == ["Div"]
