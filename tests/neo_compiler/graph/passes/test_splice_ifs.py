from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from neo_compiler.graph.passes.lift_constants import lift_constants
from neo_compiler.graph.passes.name_nodes import name_nodes
from neo_compiler.graph.passes.splice_ifs import splice_ifs
from neo_compiler.graph.passes.tidy import tidy
from neo_compiler.graph.shape_inference.fold import fold
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.models import parse, with_weights

BODY = """g (float[2] x, bool flag) => (float[2] y) {
    y = If (flag) <
        then_branch = a () => (float[2] t) { one = Constant<value = float[1] {1.0}>() t = Add(x, one) },
        else_branch = b () => (float[2] t) {
            no = Not(flag)
            t = If (no) <
                then_branch = c () => (float[2] t) {
                    two = Constant<value = float[1] {2.0}>()
                    t = Sub(x, two)
                },
                else_branch = d () => (float[2] t) { t = Neg(x) }
            >
        }
    >
}"""


def spliced(model: onnx.ModelProto) -> onnx.ModelProto:
    graph = ir.from_proto(model)
    for step in (name_nodes, lift_constants, fold, splice_ifs, tidy):
        step(graph)
    result = ir.to_proto(graph)
    onnx.checker.check_model(result, full_check=True)
    return result


@pytest.mark.parametrize(("flag", "operator", "value"), [(True, "Add", 6.0), (False, "Sub", 3.0)])
def test_a_constant_condition_leaves_its_branch(flag: bool, operator: str, value: float) -> None:
    model = with_weights(parse(BODY), flag=np.array(flag))
    result = spliced(model)
    assert [node.op_type for node in result.graph.node] == [operator]
    assert [output.name for output in result.graph.output] == ["y"]
    x = {"x": np.full(2, 5, np.float32)}
    np.testing.assert_array_equal(Reference(result).run(x)["y"], np.full(2, value, np.float32))


def test_branches_may_share_names() -> None:
    body = """g (float[2] x, bool flag) => (float[2] y, float[2] z) {
        y = If (flag) <
            then_branch = a () => (float[2] t) { t = Neg(x) },
            else_branch = b () => (float[2] t) { t = Abs(x) }
        >
        z = If (flag) <
            then_branch = c () => (float[2] t) { t = Exp(x) },
            else_branch = d () => (float[2] t) { t = Abs(x) }
        >
    }"""
    result = spliced(with_weights(parse(body), flag=np.array(True)))
    assert [node.op_type for node in result.graph.node] == ["Neg", "Exp"]


def test_a_condition_that_comes_from_an_input_stays() -> None:
    assert [node.op_type for node in spliced(parse(BODY)).graph.node] == ["If"]
