from __future__ import annotations

import onnx
import onnx_ir as ir
import pytest

from neo_compiler.errors import ExitCode, UnsupportedOperators
from neo_compiler.graph.checks.operators import CONTRIB, WITHOUT_KERNEL, check_operators, supported_operators
from tests.neo_compiler.models import parse


def check(model: onnx.ModelProto) -> None:
    check_operators(ir.from_proto(model))


def test_a_supported_model_passes() -> None:
    check(parse("g (float[2] x) => (float[2] y) { a = Relu(x) y = Sigmoid(a) }"))


def test_every_unsupported_operator_is_listed_at_once() -> None:
    nodes = " ".join(f"d{i} = Det(x)" for i in range(5))
    model = parse(
        f"g (float[2, 2] x) => (float y, float[2, 2] z) {{ {nodes} y = Sum(d0, d1, d2, d3, d4) z = Celu(x) }}"
    )
    for index, node in enumerate(model.graph.node):
        node.name = f"{node.op_type.lower()}{index}"
    with pytest.raises(UnsupportedOperators) as caught:
        check(model)
    assert caught.value.operators == {"Det": ["det0", "det1", "det2", "det3", "det4"], "Celu": ["celu6"]}
    assert "Det: 5 nodes, first: det0, det1, det2" in str(caught.value)
    assert "Celu: 1 node, first: celu6" in str(caught.value)
    assert caught.value.exit_code == ExitCode.MODEL


def test_a_known_name_in_a_foreign_domain_is_unsupported() -> None:
    model = parse("g (float[2] x) => (float[2] y) { y = Relu(x) }")
    model.graph.node[0].domain = "my.domain"
    with pytest.raises(UnsupportedOperators, match=r"my\.domain\.Relu: 1 node"):
        check(model)


def test_attention_of_the_default_domain_is_not_the_one_that_is_known() -> None:
    model = parse(
        "g (float[1, 2, 4, 8] q, float[1, 2, 4, 8] k, float[1, 2, 4, 8] v) => (float[1, 2, 4, 8] y) "
        "{ y = Attention(q, k, v) }",
        head='<ir_version: 10, opset_import: ["" : 23]>',
    )
    with pytest.raises(UnsupportedOperators, match="Attention"):
        check(model)


def test_control_flow_is_unsupported() -> None:
    body = """g (float[2] x, bool flag) => (float[2] y) {
        y = If (flag) <
            then_branch = a () => (float[2] t) { t = Neg(x) },
            else_branch = b () => (float[2] t) { t = Abs(x) }
        >
    }"""
    with pytest.raises(UnsupportedOperators, match="If: 1 node"):
        check(parse(body))


def test_the_importers_table_is_where_we_read_it() -> None:
    supported = supported_operators()
    assert {"Conv", "Gemm", "MatMul", "Softmax", "Resize"} <= supported
    assert {f"com.microsoft.{name}" for name in CONTRIB} <= supported
    assert not {"LSTM", "If", "Loop", "SequenceAt", "Attention"} & supported


@pytest.mark.parametrize("name", sorted(WITHOUT_KERNEL))
def test_an_operator_that_only_the_importer_knows_is_unsupported(name: str) -> None:
    model = parse("g (float[2] x) => (float[2] y) { y = Relu(x) }")
    model.graph.node[0].op_type = name
    with pytest.raises(UnsupportedOperators, match=f"{name}: 1 node"):
        check(model)
